import { Badge, Button, Input, makeStyles, Select, Textarea, tokens } from '@fluentui/react-components';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { useMe } from '../../api/queries';
import {
  Answer,
  command,
  Empty,
  Facts,
  Field,
  Form,
  Link,
  Loaded,
  Page,
  Section,
  useAct,
  useDraft,
  useInAddress,
  useRows,
  When,
} from '../../parts';
import { useTexts } from '../../texts';
import { BOXES, boxOf, noticesQuery, offersQuery, type Box, type Notice, type Offer } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'center' },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalM },
  notice: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingVerticalXS,
    padding: tokens.spacingHorizontalM,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground3,
    maxWidth: '75ch',
  },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalS },
  dim: { color: tokens.colorNeutralForeground2 },
  text: { margin: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
  offers: { display: 'grid', gap: tokens.spacingVerticalXL },
});

/** One notice: who wrote it to whom, what happened, and what was written by hand. */
function Entry(props: { of: Notice; box: Box }) {
  const styles = useStyles();
  const words = useWords();
  const { of, box } = props;
  const act = useAct((notices: string[], id) => command('read_notices', { notices }, id));
  const isUnread = box !== 'sent' && of.read === undefined;
  const happened = words.happened[of.happened ?? '']?.(of.about ?? '');
  return (
    <li className={styles.notice}>
      <span className={styles.head}>
        <strong>{words.topics[of.topic]}</strong>
        {isUnread && (
          <Badge appearance="tint" color="brand" shape="rounded">
            {words.isNew}
          </Badge>
        )}
        <span className={styles.dim}>
          {box === 'sent' ? words.to(of.to_title) : words.from(of.from_title ?? words.operator)}
        </span>
        <When at={of.at} />
      </span>
      {happened !== undefined && <p className={styles.text}>{happened}</p>}
      {of.text !== undefined && <p className={styles.text}>{of.text}</p>}
      <span className={styles.bar}>
        {of.topic === 'subscription' && of.about !== undefined && (
          <Link to={`/subscriptions/${of.about}`}>{of.about}</Link>
        )}
        {isUnread && (
          <Button size="small" disabled={act.busy} onClick={() => void act.run([of.id])}>
            {words.read}
          </Button>
        )}
      </span>
      <Answer trouble={act.trouble} />
    </li>
  );
}

/** Notices of one box, the latest first. */
function Notices(props: { isOperator: boolean; isCustomer: boolean }) {
  const styles = useStyles();
  const texts = useTexts();
  const words = useWords();
  const [inAddress, setBox] = useInAddress('box');
  const box = props.isOperator ? 'sent' : boxOf(inAddress);
  const notices = useInfiniteQuery(noticesQuery(box));
  const { rows, onEnd } = useRows(notices);
  const act = useAct((notices: string[], id) => command('read_notices', { notices }, id));
  const boxes = props.isCustomer ? BOXES.filter(one => one !== 'sent') : BOXES;
  const hasUnread = box !== 'sent' && rows.some(row => row.read === undefined);
  return (
    <Section title={words.notices}>
      {!props.isOperator && (
        <span className={styles.bar}>
          <Select aria-label={words.box} value={box} onChange={(_, data) => setBox(data.value)}>
            {boxes.map(one => (
              <option key={one} value={one}>
                {words.boxes[one]}
              </option>
            ))}
          </Select>
          {hasUnread && (
            <Button disabled={act.busy} onClick={() => void act.run([])}>
              {words.readAll}
            </Button>
          )}
        </span>
      )}
      <Answer trouble={act.trouble} />
      <Loaded query={notices} lines={5}>
        {() =>
          rows.length === 0 ? (
            <Empty title={words.nothing} hint={words.nothingHint} />
          ) : (
            <>
              <ul className={styles.list}>
                {rows.map(row => (
                  <Entry key={row.id} of={row} box={box} />
                ))}
              </ul>
              {notices.hasNextPage && (
                <div>
                  <Button disabledFocusable={notices.isFetchingNextPage} onClick={onEnd}>
                    {texts.parts.more}
                  </Button>
                </div>
              )}
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

/** A partner writes to those whom it serves, the operator to anybody. */
function Write(props: { isOperator: boolean }) {
  const words = useWords();
  const { isOperator } = props;
  const [draft, change, forget] = useDraft(`notices.write ${useMe().handle}`, { to: '', topic: 'incident', text: '' });
  const [sent, setSent] = useState('');
  const act = useAct((params: Record<string, string>, id) => command('send_notice', params, id));
  const submit = async () => {
    const { topic, ...rest } = draft;
    if ((await act.run(isOperator ? { ...rest, topic } : rest)) === undefined) return;
    setSent(draft.to);
    forget();
  };
  const { trouble } = act;
  return (
    <Section title={words.write} lead={words.writeLead}>
      <Form
        submit={words.send}
        busy={act.busy}
        trouble={trouble}
        onSubmit={() => void submit()}
        disabled={draft.to.trim() === '' || draft.text.trim() === ''}
      >
        <Field
          label={words.recipient}
          rule={isOperator ? words.recipientOperator : words.recipientRule}
          name="to"
          trouble={trouble}
          required
        >
          <Input value={draft.to} onChange={(_, data) => change({ to: data.value })} />
        </Field>
        {isOperator && (
          <Field label={words.topic} name="topic" trouble={trouble} required>
            <Select value={draft.topic} onChange={(_, data) => change({ topic: data.value })}>
              {['incident', 'operations'].map(one => (
                <option key={one} value={one}>
                  {words.topics[one]}
                </option>
              ))}
            </Select>
          </Field>
        )}
        <Field label={words.text} name="text" trouble={trouble} required>
          <Textarea rows={4} value={draft.text} onChange={(_, data) => change({ text: data.value })} />
        </Field>
      </Form>
      {sent !== '' && <span role="status">{words.sent(sent)}</span>}
    </Section>
  );
}

const PARTS = ['scope', 'hours', 'contact', 'price', 'provided_by'] as const;
type Part = (typeof PARTS)[number];
type Parts = Record<Part, string>;

/** A partner says what its support is. */
function Offering(props: { now: Offer | undefined }) {
  const words = useWords();
  const { now } = props;
  // What was changed of it, and nothing else, is kept while it is typed.
  const [changed, change, forget] = useDraft<Partial<Parts>>(`notices.offer ${useMe().handle}`, {});
  const said = (part: Part) => changed[part] ?? now?.[part] ?? '';
  const draft: Parts = {
    scope: said('scope'),
    hours: said('hours'),
    contact: said('contact'),
    price: said('price'),
    provided_by: said('provided_by'),
  };
  const [told, setTold] = useState<number | null>(null);
  const act = useAct((params: Parts, id) => command('offer_support', params, id));
  const submit = async () => {
    const done = await act.run(draft);
    if (done === undefined) return;
    forget();
    setTold((done as { told: number }).told);
  };
  const labels = {
    scope: words.scope,
    hours: words.hours,
    contact: words.contact,
    price: words.price,
    provided_by: words.provided,
  };
  return (
    <Section title={words.offer} lead={words.offerLead}>
      <Form
        submit={words.tell}
        busy={act.busy}
        trouble={act.trouble}
        onSubmit={() => void submit()}
        disabled={PARTS.some(part => part !== 'provided_by' && draft[part].trim() === '')}
      >
        {PARTS.map(part => (
          <Field
            key={part}
            label={labels[part]}
            {...(part === 'provided_by' ? { rule: words.providedRule } : { required: true })}
            name={part}
            trouble={act.trouble}
          >
            <Input value={draft[part]} onChange={(_, data) => change({ [part]: data.value })} />
          </Field>
        ))}
      </Form>
      {told !== null && <span role="status">{words.told(told)}</span>}
    </Section>
  );
}

/** A customer reads what its partners say of their support. */
function Offers(props: { all: Offer[] }) {
  const styles = useStyles();
  const words = useWords();
  if (props.all.length === 0) return null;
  return (
    <Section title={words.offers}>
      <div className={styles.offers}>
        {props.all.map(offer => (
          <Facts
            key={offer.partner}
            items={[
              { label: offer.partner_title, value: offer.scope },
              { label: words.hours, value: offer.hours },
              { label: words.contact, value: offer.contact },
              { label: words.price, value: offer.price },
              { label: words.provided, value: offer.provided_by },
            ]}
          />
        ))}
      </div>
    </Section>
  );
}

/** What parties write to each other. */
export default function NoticesPage() {
  const words = useWords();
  const { role } = useMe();
  const isOperator = role === 'operator';
  const isCustomer = role === 'customer';
  const offers = useQuery({ ...offersQuery, enabled: !isOperator });
  let lead = words.lead;
  if (isOperator) lead = words.leadOperator;
  if (isCustomer) lead = words.leadCustomer;
  return (
    <Page title={words.notices} lead={lead}>
      <Notices isOperator={isOperator} isCustomer={isCustomer} />
      {isCustomer && <Offers all={offers.data ?? []} />}
      {!isCustomer && <Write isOperator={isOperator} />}
      {!isOperator && !isCustomer && offers.data !== undefined && <Offering now={offers.data[0]} />}
    </Page>
  );
}
