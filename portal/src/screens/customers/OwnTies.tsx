import { Button, Checkbox, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { homeQuery } from '../../api/queries';
import { command, Confirm, Empty, Loaded, Preview, Section, useAct, useMay, useQueryTexts } from '../../parts';
import { useWords } from './texts';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
  list: { margin: 0 },
});

/** The customer says yes or no to a partner's invitation. */
export function Answering(props: { partner: string; title: string }) {
  const styles = useStyles();
  const words = useWords();
  const first = useQueryTexts();
  const proposed = first.partner === props.partner ? first.do : undefined;
  const [verb, setVerb] = useState<'accept_relationship' | 'decline_relationship' | null>(
    proposed === 'accept_relationship' || proposed === 'decline_relationship' ? proposed : null,
  );
  return (
    <span className={styles.line}>
      <Button size="small" appearance="primary" onClick={() => setVerb('accept_relationship')}>
        {words.accept}
      </Button>
      <Button size="small" onClick={() => setVerb('decline_relationship')}>
        {words.decline}
      </Button>
      {verb !== null && <Answer key={verb} verb={verb} {...props} onClose={() => setVerb(null)} />}
    </span>
  );
}

function Answer(props: {
  verb: 'accept_relationship' | 'decline_relationship';
  partner: string;
  title: string;
  onClose: () => void;
}) {
  const words = useWords();
  const [agrees, setAgrees] = useState(false);
  const isYes = props.verb === 'accept_relationship';
  const params = { partner: props.partner, ...(isYes ? { accept_agreement: agrees } : {}) };
  const deal = { verb: props.verb, params };
  const may = useMay(deal);
  const act = useAct((input: Record<string, unknown>, id) => command(props.verb, input, id));
  return (
    <Confirm
      open
      title={isYes ? words.acceptTitle(props.title) : words.declineTitle(props.title)}
      confirm={isYes ? words.accept : words.decline}
      act={act}
      input={params}
      disabled={!may}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <span>{isYes ? words.acceptAbout : words.declineAbout}</span>
      {isYes && (
        <Checkbox label={words.acceptBoth} checked={agrees} onChange={(_, data) => setAgrees(data.checked === true)} />
      )}
      <Preview deal={deal} money={false} />
    </Confirm>
  );
}

/** The customer's own agreement: who waits for it, and its acceptance. */
export function OwnAgreement() {
  const styles = useStyles();
  const words = useWords();
  const home = useQuery(homeQuery);
  const [isOpen, setOpen] = useState(useQueryTexts().do === 'accept_customer_agreement');
  const deal = { verb: 'accept_customer_agreement', params: {} };
  const may = useMay(isOpen ? deal : null);
  const act = useAct((input: Record<string, unknown>, id) => command(deal.verb, input, id));
  return (
    <Section title={words.tabs.agreement} lead={words.ownAgreementLead}>
      <Loaded query={home} lines={2}>
        {({ items }) => {
          const open = items.find(one => one.kind === 'customer_agreement');
          if (open === undefined) return <Empty title={words.nothingOpen} hint={words.nothingOpenHint} />;
          return (
            <>
              <span>{words.waitingFor}</span>
              <ul className={styles.list} data-open-agreement>
                {open.examples.map(one => (
                  <li key={one.id}>{one.name}</li>
                ))}
              </ul>
              <div>
                <Button appearance="primary" onClick={() => setOpen(true)}>
                  {words.acceptAgreement}
                </Button>
              </div>
            </>
          );
        }}
      </Loaded>
      {isOpen && (
        <Confirm
          open
          title={words.acceptAgreement}
          confirm={words.acceptAgreement}
          act={act}
          input={deal.params}
          disabled={!may}
          onClose={() => setOpen(false)}
          onDone={() => setOpen(false)}
        >
          <span>{words.acceptAgreementAbout}</span>
          <Preview deal={deal} money={false} />
        </Confirm>
      )}
    </Section>
  );
}
