import { Button, makeStyles, mergeClasses, Select, Textarea, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { useMe } from '../../api/queries';
import {
  command,
  Confirm,
  Facts,
  Field,
  Form,
  Link,
  Loaded,
  Page,
  Section,
  StateBadge,
  useAct,
  useDraft,
  useParam,
  When,
} from '../../parts';
import { useTexts } from '../../texts';
import { requestQuery, SEVERITIES, type Request } from './queries';
import { Due } from './SupportPage';
import { useWords } from './texts';

const useStyles = makeStyles({
  notes: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalM },
  note: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingVerticalXS,
    padding: tokens.spacingHorizontalM,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground3,
    maxWidth: '70ch',
  },
  theirs: { backgroundColor: tokens.colorBrandBackground2, justifySelf: 'end', minWidth: 'min(100%, 24rem)' },
  head: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, color: tokens.colorNeutralForeground2 },
  text: { margin: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' },
  dim: { margin: 0, color: tokens.colorNeutralForeground2 },
});

/** What whoever asks is called. */
const named = ({ contact }: Request): string => [contact.firstName, contact.lastName].filter(Boolean).join(' ');

/** The operator answers, and says how it goes on. */
function Answering(props: { of: Request }) {
  const words = useWords();
  const ticket = props.of.id;
  const isClosed = props.of.status === 'closed';
  const [draft, change, forget] = useDraft(`answer.${ticket}`, {
    note: '',
    status: isClosed ? 'closed' : 'attention_needed',
  });
  const act = useAct((params: typeof draft, id) => command('answer_ticket', { ticket, ...params }, id));
  const submit = async () => {
    if ((await act.run(draft)) !== undefined) forget();
  };
  return (
    <Section title={words.answer} lead={words.answerLead}>
      <Form
        submit={words.answer}
        busy={act.busy}
        trouble={act.trouble}
        onSubmit={() => void submit()}
        disabled={draft.note.trim() === ''}
      >
        <Field label={words.note} name="note" trouble={act.trouble} required>
          <Textarea rows={4} value={draft.note} onChange={(_, data) => change({ note: data.value })} />
        </Field>
        <Field label={words.then} name="status" trouble={act.trouble}>
          <Select value={draft.status} onChange={(_, data) => change({ status: data.value })}>
            {Object.entries(words.after).map(([status, name]) => (
              <option key={status} value={status}>
                {name}
              </option>
            ))}
          </Select>
        </Field>
      </Form>
    </Section>
  );
}

/** The partner adds something, or opens again what is closed. */
function Replying(props: { of: Request }) {
  const words = useWords();
  const ticket = props.of.id;
  const isClosed = props.of.status === 'closed';
  const [draft, change, forget] = useDraft(`reply.${ticket}`, { note: '' });
  const act = useAct((params: Record<string, string>, id) => command('update_ticket', { ticket, ...params }, id));
  const submit = async () => {
    const done = await act.run(isClosed ? { ...draft, status: 'open' } : draft);
    if (done !== undefined) forget();
  };
  return (
    <Section title={isClosed ? words.reopen : words.reply} lead={words.replyLead}>
      <Form
        submit={isClosed ? words.reopen : words.reply}
        busy={act.busy}
        trouble={act.trouble}
        onSubmit={() => void submit()}
        disabled={draft.note.trim() === ''}
      >
        <Field
          label={words.note}
          {...(isClosed ? { rule: words.reopenRule } : {})}
          name="note"
          trouble={act.trouble}
          required
        >
          <Textarea rows={4} value={draft.note} onChange={(_, data) => change({ note: data.value })} />
        </Field>
      </Form>
    </Section>
  );
}

function Close(props: { of: Request; onClose: () => void }) {
  const words = useWords();
  const input = { ticket: props.of.id, status: 'closed' };
  const act = useAct((params: typeof input, id) => command('update_ticket', params, id));
  return (
    <Confirm
      open
      title={words.closeTitle}
      confirm={words.close}
      act={act}
      input={input}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <span>{words.closeAbout}</span>
    </Confirm>
  );
}

function Weigh(props: { of: Request; onClose: () => void }) {
  const words = useWords();
  const [severity, setSeverity] = useState<string>(props.of.severity);
  const act = useAct((params: Record<string, string>, id) => command('update_ticket', params, id));
  const isWaiting = props.of.answered === undefined;
  return (
    <Confirm
      open
      title={words.raise}
      confirm={words.raise}
      act={act}
      input={{ ticket: props.of.id, severity }}
      disabled={severity === props.of.severity}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <Field
        label={words.severity}
        {...(isWaiting ? { rule: words.severityRule(words.hours[severity] ?? '') } : {})}
        name="severity"
        trouble={act.trouble}
      >
        <Select value={severity} onChange={(_, data) => setSeverity(data.value)}>
          {SEVERITIES.map(one => (
            <option key={one} value={one}>
              {words.severities[one]}
            </option>
          ))}
        </Select>
      </Field>
    </Confirm>
  );
}

interface Written {
  by: string;
  isOperator: boolean;
  at: string;
  text: string;
}

/** What was written, the description first; what the other side wrote stands on the other side. */
function Notes(props: { of: Request; isOperator: boolean }) {
  const styles = useStyles();
  const words = useWords();
  const { of } = props;
  const first: Written[] =
    of.description === ''
      ? []
      : [
          {
            by: of.opened_by === '' ? of.partner_title : of.opened_by,
            isOperator: false,
            at: of.opened,
            text: of.description,
          },
        ];
  const notes = of.notes.map(note => ({
    by: note.by_operator ? words.byOperator : note.author,
    isOperator: note.by_operator,
    at: note.created,
    text: note.text,
  }));
  const all = [...first, ...notes];
  if (all.length === 0) return <p className={styles.dim}>{words.noNotes}</p>;
  return (
    <ol className={styles.notes}>
      {all.map((note, index) => (
        <li key={index} className={mergeClasses(styles.note, note.isOperator !== props.isOperator && styles.theirs)}>
          <span className={styles.head}>
            <strong>{note.by}</strong>
            <When at={note.at} />
          </span>
          <p className={styles.text}>{note.text}</p>
        </li>
      ))}
    </ol>
  );
}

/** One request: what it is about, when an answer is due, and everything that was written to it. */
export default function RequestPage() {
  const texts = useTexts();
  const words = useWords();
  const id = useParam('id');
  const isOperator = useMe().role === 'operator';
  const request = useQuery(requestQuery(id));
  const [window, setWindow] = useState<'close' | 'weigh' | null>(null);
  const mayClose = !isOperator && request.data !== undefined && request.data.status !== 'closed';
  return (
    <Page
      title={request.data?.title ?? id}
      back={{ to: '/support', label: texts.screens.support }}
      actions={
        mayClose ? (
          <>
            <Button onClick={() => setWindow('weigh')}>{words.raise}</Button>
            <Button onClick={() => setWindow('close')}>{words.close}</Button>
          </>
        ) : undefined
      }
    >
      <Loaded query={request} lines={8}>
        {data => (
          <>
            <Section title={words.about}>
              <Facts
                items={[
                  { label: words.number, value: data.id },
                  { label: words.status, value: <StateBadge state={data.status} /> },
                  { label: words.severity, value: words.severityNames[data.severity] },
                  { label: words.due, value: <Due of={data} /> },
                  { label: words.answered, value: data.answered && <When at={data.answered} /> },
                  { label: words.partner, value: data.partner_title },
                  {
                    label: words.customer,
                    value: data.customer && <Link to={`/customers/${data.customer}`}>{data.customer_title}</Link>,
                  },
                  {
                    label: words.subscription,
                    value: data.subscription && (
                      <Link to={`/subscriptions/${data.subscription}`}>{data.subscription}</Link>
                    ),
                  },
                  { label: words.topic, value: data.topic_title },
                  {
                    label: words.contact,
                    value: [named(data), data.contact.email, data.contact.phoneNumber].filter(Boolean).join(' · '),
                  },
                  { label: words.opened, value: <When at={data.opened} /> },
                  { label: words.modified, value: <When at={data.modified} /> },
                ]}
              />
            </Section>
            <Section title={words.notes}>
              <Notes of={data} isOperator={isOperator} />
            </Section>
            {isOperator ? <Answering key={data.id} of={data} /> : <Replying key={data.id} of={data} />}
            {window === 'close' && <Close of={data} onClose={() => setWindow(null)} />}
            {window === 'weigh' && <Weigh of={data} onClose={() => setWindow(null)} />}
          </>
        )}
      </Loaded>
    </Page>
  );
}
