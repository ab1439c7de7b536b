import { Button, Input, makeStyles, tokens } from '@fluentui/react-components';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import {
  ButtonLink,
  command,
  Confirm,
  Empty,
  Field,
  Loaded,
  Section,
  useAct,
  useQueryTexts,
  useRows,
} from '../../parts';
import { subscriptionsQuery } from '../subscriptions/queries';
import { supportQuery } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalM },
  row: {
    display: 'flex',
    flexWrap: 'wrap',
    justifyContent: 'space-between',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke3}`,
    paddingBottom: tokens.spacingVerticalM,
    '&:last-child': { borderBottom: 'none', paddingBottom: 0 },
  },
  dim: { display: 'block', color: tokens.colorNeutralForeground2 },
});

function One(props: { customer: string; name: string; title: string; onChange: () => void }) {
  const styles = useStyles();
  const words = useWords();
  const support = useQuery(supportQuery(props.customer, props.name));
  return (
    <li className={styles.row}>
      <span>
        <strong>{props.title}</strong>
        <Loaded query={support} lines={1}>
          {contact => (
            <span className={styles.dim}>
              {contact.name} · PartnerID {contact.supportMpnId}
            </span>
          )}
        </Loaded>
      </span>
      <Button size="small" onClick={props.onChange}>
        {words.change}
      </Button>
    </li>
  );
}

function Change(props: { name: string; title: string; first: string; onClose: () => void }) {
  const words = useWords();
  const [contact, setContact] = useState(props.first);
  const act = useAct((params: Record<string, unknown>, id) => command('set_support_contact', params, id));
  return (
    <Confirm
      open
      title={words.supportTitle(props.title)}
      confirm={words.change}
      act={act}
      input={{ subscription: props.name, contact }}
      disabled={contact === ''}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <Field label={words.supportContact} rule={words.supportRule} name="contact" trouble={act.trouble} required>
        <Input value={contact} onChange={(_, data) => setContact(data.value)} />
      </Field>
    </Confirm>
  );
}

/** Who helps the customer with each of its subscriptions. */
export function SupportTab(props: { customer: string }) {
  const styles = useStyles();
  const words = useWords();
  const first = useQueryTexts();
  const subscriptions = useInfiniteQuery(subscriptionsQuery('', props.customer, 'active'));
  const { rows } = useRows(subscriptions);
  const [open, setOpen] = useState<{ name: string; title: string } | null>(
    first.do === 'set_support_contact' && first.subscription !== undefined
      ? { name: first.subscription, title: first.subscription }
      : null,
  );
  return (
    <Section
      title={words.tabs.support}
      lead={words.supportLead}
      actions={<ButtonLink to={`/support?customer=${props.customer}`}>{words.askOperator}</ButtonLink>}
    >
      <Loaded query={subscriptions}>
        {() =>
          rows.length === 0 ? (
            <Empty title={words.noSubscriptions} />
          ) : (
            <ul className={styles.list}>
              {rows.map(row => (
                <One
                  key={row.id}
                  customer={props.customer}
                  name={row.name}
                  title={row.title}
                  onChange={() => setOpen(row)}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      {open !== null && <Change {...open} first={first.contact ?? ''} onClose={() => setOpen(null)} />}
    </Section>
  );
}
