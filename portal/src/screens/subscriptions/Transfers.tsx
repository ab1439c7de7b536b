import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { useMe } from '../../api/queries';
import { command, Confirm, Empty, Loaded, Preview, Section, StateBadge, useAct, useMay, When } from '../../parts';
import { transfersQuery, type Transfer } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalL },
  one: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: tokens.spacingVerticalXS },
  line: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  dim: { color: tokens.colorNeutralForeground2 },
});

type Verb = 'accept_transfer' | 'reject_transfer' | 'withdraw_transfer';

function Answered(props: { of: Transfer; verb: Verb; onClose: () => void }) {
  const words = useWords();
  const { of, verb } = props;
  const deal = { verb, params: { transfer: of.id } };
  const may = useMay(deal);
  const act = useAct((params: Record<string, unknown>, id) => command(verb, params, id));
  return (
    <Confirm
      open
      title={`${words.transferVerbs[verb]}: ${of.customerName}`}
      confirm={words.transferVerbs[verb]}
      act={act}
      input={deal.params}
      disabled={!may}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <span>{words.transferAbouts[verb]}</span>
      <Preview deal={deal} money={verb === 'accept_transfer'} />
    </Confirm>
  );
}

/** Subscriptions of a customer that go from one partner to another, given or received by the caller. */
export function Transfers(props: { customer: string }) {
  const styles = useStyles();
  const words = useWords();
  const me = useMe();
  const transfers = useQuery(transfersQuery(props.customer));
  const [open, setOpen] = useState<{ of: Transfer; verb: Verb } | null>(null);
  return (
    <Section title={words.transfers} lead={words.transfersLead}>
      <Loaded query={transfers} lines={2}>
        {items =>
          items.length === 0 ? (
            <Empty title={words.noTransfers} hint={words.noTransfersHint} />
          ) : (
            <ul className={styles.list}>
              {items.map(one => {
                const button = (verb: Verb) => (
                  <Button
                    size="small"
                    appearance={verb === 'accept_transfer' ? 'primary' : 'secondary'}
                    onClick={() => setOpen({ of: one, verb })}
                  >
                    {words.transferVerbs[verb]}
                  </Button>
                );
                const isOpen = one.status.toLowerCase() === 'active';
                return (
                  <li key={one.id} className={styles.one} data-transfer={one.id}>
                    <span className={styles.line}>
                      <strong>
                        {one.sourcePartnerName} → {one.targetPartnerName}
                      </strong>
                      <StateBadge state={one.status} {...(isOpen ? { label: words.waits } : {})} />
                      <span className={styles.dim}>
                        <When at={one.createdTime} grain="day" />
                      </span>
                    </span>
                    <span className={styles.dim}>
                      {one.lineItems.map(line => `${line.quantity} × ${line.friendlyName}`).join(', ')}
                    </span>
                    {isOpen && (
                      <span className={styles.line}>
                        {one.targetPartnerTenantId === me.tenantId && (
                          <>
                            {button('accept_transfer')}
                            {button('reject_transfer')}
                          </>
                        )}
                        {one.sourcePartnerTenantId === me.tenantId && button('withdraw_transfer')}
                      </span>
                    )}
                  </li>
                );
              })}
            </ul>
          )
        }
      </Loaded>
      {open !== null && <Answered {...open} onClose={() => setOpen(null)} />}
    </Section>
  );
}
