import { Button, Input, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { useMe } from '../../api/queries';
import {
  Amount,
  command,
  Confirm,
  Count,
  DataTable,
  Empty,
  Facts,
  Field,
  Loaded,
  Section,
  StateBadge,
  useAct,
  useQueryTexts,
  When,
  type Column,
} from '../../parts';
import { requestsQuery, type OrderRequest } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  buttons: { display: 'flex', gap: tokens.spacingHorizontalXS, justifyContent: 'flex-end' },
});

/** Accepts or declines what a reseller asks for; an acceptance places the order. */
function Reply(props: { of: OrderRequest; accept: boolean; onClose: () => void }) {
  const words = useWords();
  const { of, accept } = props;
  const [reason, setReason] = useState('');
  const act = useAct((_: null, id) => command('answer_order_request', { request: of.id, accept, reason }, id));
  return (
    <Confirm
      open
      title={accept ? words.acceptTitle : words.declineTitle}
      confirm={accept ? words.accept : words.decline}
      act={act}
      input={null}
      disabled={!accept && reason.trim() === ''}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <span>{accept ? words.acceptAbout : words.declineAbout}</span>
      <Facts
        items={[
          { label: words.reseller, value: of.reseller },
          { label: words.customer, value: of.customer },
          { label: words.item, value: of.item },
          { label: words.quantity, value: <Count of={of.quantity} /> },
          { label: words.price, value: of.price && <Amount of={of.price} /> },
          { label: words.note, value: of.note },
          { label: words.asked, value: <When at={of.created} /> },
        ]}
      />
      {!accept && (
        <Field label={words.reason} rule={words.reasonRule} name="reason" trouble={act.trouble} required>
          <Input value={reason} onChange={(_, data) => setReason(data.value)} />
        </Field>
      )}
    </Confirm>
  );
}

/** What resellers ask of a provider; each side sees its own. */
export function Requests() {
  const styles = useStyles();
  const words = useWords();
  const me = useMe();
  const isProvider = me.role === 'indirect_provider';
  const requests = useQuery(requestsQuery);
  const proposed = useQueryTexts();
  const [open, setOpen] = useState<{ id: string; accept: boolean } | null>(
    proposed.do === 'answer_order_request' && proposed.request !== undefined
      ? { id: proposed.request, accept: proposed.accept !== 'false' }
      : null,
  );
  const columns = useMemo<Column<OrderRequest>[]>(
    () => [
      {
        id: 'item',
        label: words.item,
        width: 'minmax(9rem, 1fr)',
        sort: row => row.item,
        cell: row => `${row.item} × ${row.quantity}`,
      },
      {
        id: 'customer',
        label: words.customer,
        width: 'minmax(8.5rem, 1fr)',
        sort: row => row.customer,
        cell: row => row.customer,
      },
      {
        id: 'other',
        label: isProvider ? words.reseller : words.provider,
        width: '7rem',
        cell: row => (isProvider ? row.reseller : row.provider),
      },
      {
        id: 'price',
        label: words.price,
        width: '6.5rem',
        end: true,
        cell: row => (typeof row.price === 'string' ? <Amount of={row.price} /> : null),
      },
      {
        id: 'note',
        label: words.note,
        width: 'minmax(5rem, 1.6fr)',
        wideOnly: true,
        cell: row => row.reason || row.note,
      },
      { id: 'state', label: words.state, width: '6rem', cell: row => <StateBadge state={row.state} /> },
      ...(isProvider
        ? [
            {
              id: 'answer',
              label: '',
              width: '11rem',
              end: true,
              cell: (row: OrderRequest) =>
                row.state === 'open' && (
                  <span className={styles.buttons}>
                    <Button size="small" appearance="primary" onClick={() => setOpen({ id: row.id, accept: true })}>
                      {words.accept}
                    </Button>
                    <Button size="small" onClick={() => setOpen({ id: row.id, accept: false })}>
                      {words.decline}
                    </Button>
                  </span>
                ),
            },
          ]
        : []),
    ],
    [words, isProvider, styles],
  );
  const chosen = requests.data?.find(row => row.id === open?.id);
  return (
    <Section title={words.views.requests} lead={isProvider ? words.requestsLeadProvider : words.requestsLead} bare>
      <Loaded query={requests} lines={4}>
        {items => (
          <DataTable
            name={words.views.requests}
            rows={items}
            columns={columns}
            rowKey={row => row.id}
            empty={<Empty title={words.noRequests} hint={words.noRequestsHint} />}
          />
        )}
      </Loaded>
      {open !== null && chosen !== undefined && (
        <Reply of={chosen} accept={open.accept} onClose={() => setOpen(null)} />
      )}
    </Section>
  );
}
