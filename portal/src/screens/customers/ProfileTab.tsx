import { Input, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, got } from '../../api/client';
import { Field, Form, Loaded, Section, useAct, useDraft } from '../../parts';
import { profileQuery, type Profile } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  pair: {
    display: 'grid',
    gap: tokens.spacingHorizontalM,
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(14rem, 100%), 1fr))',
  },
});

interface Typed {
  companyName: string;
  email: string;
  firstName: string;
  lastName: string;
  addressLine1: string;
  city: string;
  state: string;
  postalCode: string;
  language: string;
  culture: string;
}

/** What can be typed, as it stands on record. */
function typedOf(profile: Profile): Typed {
  const { defaultAddress: address } = profile;
  return {
    companyName: profile.companyName,
    email: profile.email,
    firstName: profile.firstName ?? '',
    lastName: profile.lastName ?? '',
    addressLine1: address.addressLine1,
    city: address.city,
    state: address.state,
    postalCode: address.postalCode,
    language: profile.language,
    culture: profile.culture,
  };
}

const isSame = (one: Typed, other: Typed) => JSON.stringify(one) === JSON.stringify(other);

/**
 * The form is about the profile as it was when it was opened, and says so when it is sent. Where somebody else has changed it
 * since, what is there now is shown beside what was typed, and the form goes on from that.
 */
function Edit(props: {
  customer: string;
  profile: Profile;
  isSaved: boolean;
  onSaved: () => void;
  onReload: () => Promise<Profile | undefined>;
}) {
  const styles = useStyles();
  const words = useWords();
  const [base, setBase] = useState(props.profile);
  const [now, setNow] = useState<Typed | null>(null);
  const [typed, change, forget] = useDraft<Typed>(`profile ${props.customer}`, typedOf(props.profile));
  const act = useAct((body: Typed, id) => {
    const { addressLine1, city, state, postalCode, ...rest } = body;
    return got(
      api.PUT('/v1/customers/{customer-id}/profiles/billing', {
        params: { path: { 'customer-id': props.customer } },
        headers: { 'MS-RequestId': id },
        body: {
          ...rest,
          defaultAddress: { ...base.defaultAddress, addressLine1, city, state, postalCode },
          attributes: { etag: base.attributes.etag ?? '' },
        },
      }),
    );
  });
  const submit = async () => {
    if ((await act.run(typed)) === undefined) return;
    forget();
    props.onSaved();
  };
  const reload = async () => {
    const fresh = await props.onReload();
    if (fresh === undefined) return;
    setBase(fresh);
    setNow(typedOf(fresh));
    act.clear();
  };
  const text = (name: keyof Typed, label: string, field: string, rule: string) => {
    const there = now?.[name];
    const isOther = there !== undefined && there !== typed[name];
    const hint = isOther ? words.isNow(there) : rule;
    return (
      <div data-now={isOther}>
        <Field label={label} rule={hint} name={field} trouble={act.trouble}>
          <Input value={typed[name]} onChange={(_, data) => change({ [name]: data.value })} />
        </Field>
      </div>
    );
  };
  return (
    <Form
      submit={words.profileSave}
      busy={act.busy}
      trouble={act.trouble}
      onSubmit={() => void submit()}
      onReload={() => void reload()}
      more={props.isSaved && isSame(typed, typedOf(base)) && <span role="status">{words.profileSaved}</span>}
    >
      {text('companyName', words.company, 'companyName', words.companyRule)}
      <div className={styles.pair}>
        {text('firstName', words.firstName, 'firstName', words.billedRule)}
        {text('lastName', words.lastName, 'lastName', words.billedRule)}
      </div>
      {text('email', words.email, 'email', words.billsRule)}
      {text('addressLine1', words.street, 'defaultAddress.addressLine1', words.streetRule)}
      <div className={styles.pair}>
        {text('city', words.city, 'defaultAddress.city', words.cityRule)}
        {text('state', words.region, 'defaultAddress.state', words.regionRule)}
        {text('postalCode', words.postalCode, 'defaultAddress.postalCode', words.postalCodeRule)}
      </div>
      <div className={styles.pair}>
        {text('language', words.languageLabel, 'language', words.languageRule)}
        {text('culture', words.culture, 'culture', words.cultureRule)}
      </div>
    </Form>
  );
}

/** To whom the customer's bills go. */
export function ProfileTab(props: { customer: string }) {
  const words = useWords();
  const profile = useQuery(profileQuery(props.customer));
  const [saves, setSaves] = useState(0);
  return (
    <Section title={words.tabs.profile} lead={words.profileLead}>
      <Loaded query={profile} lines={6}>
        {data => (
          <Edit
            key={saves}
            customer={props.customer}
            profile={data}
            isSaved={saves > 0}
            onSaved={() => setSaves(saves + 1)}
            onReload={async () => (await profile.refetch()).data}
          />
        )}
      </Loaded>
    </Section>
  );
}
