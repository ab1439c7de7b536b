import { Button, Input, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import {
  command,
  Confirm,
  Empty,
  Facts,
  Field,
  Loaded,
  Section,
  useAct,
  useDraft,
  useQueryTexts,
  When,
} from '../../parts';
import { agreementsQuery } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  pair: { display: 'grid', gap: tokens.spacingHorizontalM, gridTemplateColumns: '1fr 1fr' },
});

/** The partner confirms that the customer has accepted its agreement. */
function Attest(props: { customer: string; onClose: () => void }) {
  const styles = useStyles();
  const words = useWords();
  const [draft, change, forget] = useDraft(`attest ${props.customer}`, {
    first_name: '',
    last_name: '',
    email: '',
    phone: '',
    date: '',
  });
  const act = useAct((params: Record<string, unknown>, id) => command('attest', params, id));
  const { date, phone, ...contact } = draft;
  const text = (name: keyof typeof draft, label: string, type: 'text' | 'email' | 'date' | 'tel', rule: string) => (
    <Field
      label={label}
      rule={rule}
      name={name === 'date' ? name : `contact.${name}`}
      trouble={act.trouble}
      required={name !== 'phone' && name !== 'date'}
    >
      <Input type={type} value={draft[name]} onChange={(_, data) => change({ [name]: data.value })} />
    </Field>
  );
  return (
    <Confirm
      open
      title={words.attestTitle}
      confirm={words.attest}
      act={act}
      input={{
        customer: props.customer,
        contact: { ...contact, ...(phone === '' ? {} : { phone }) },
        ...(date === '' ? {} : { date }),
      }}
      disabled={Object.values(contact).includes('')}
      onClose={props.onClose}
      onDone={() => {
        forget();
        props.onClose();
      }}
    >
      <span>{words.attestAbout}</span>
      <div className={styles.pair}>
        {text('first_name', words.firstName, 'text', words.personRule)}
        {text('last_name', words.lastName, 'text', words.personRule)}
      </div>
      {text('email', words.email, 'email', words.contactEmailRule)}
      {text('phone', words.phone, 'tel', words.phoneRule)}
      {text('date', words.accepted, 'date', words.acceptedRule)}
    </Confirm>
  );
}

/** Confirmations of the customer's agreement. */
export function AgreementTab(props: { customer: string }) {
  const words = useWords();
  const agreements = useQuery(agreementsQuery(props.customer));
  const [isOpen, setOpen] = useState(useQueryTexts().do === 'attest');
  return (
    <Section
      title={words.tabs.agreement}
      lead={words.agreementLead}
      actions={<Button onClick={() => setOpen(true)}>{words.attest}</Button>}
    >
      <Loaded query={agreements}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={words.noAgreement} hint={words.noAgreementHint} />
          ) : (
            items.map((one, index) => (
              <Facts
                key={index}
                items={[
                  { label: words.agreement, value: words.agreementTypes[one.type] ?? one.type },
                  { label: words.accepted, value: <When at={one.dateAgreed} grain="day" /> },
                  {
                    label: words.acceptedBy,
                    value: `${one.primaryContact.firstName} ${one.primaryContact.lastName}`,
                  },
                  { label: words.email, value: one.primaryContact.email },
                  { label: words.phone, value: one.primaryContact.phoneNumber },
                ]}
              />
            ))
          )
        }
      </Loaded>
      {isOpen && <Attest customer={props.customer} onClose={() => setOpen(false)} />}
    </Section>
  );
}
