import { Button, Input, Select } from '@fluentui/react-components';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';

import { useMe } from '../../api/queries';
import {
  command,
  Confirm,
  Count,
  DataTable,
  Empty,
  Field,
  Link,
  Loaded,
  Page,
  Search,
  StateBadge,
  useAct,
  useDraft,
  useGo,
  useInAddress,
  useQueryTexts,
  useRows,
  When,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { CustomerDetail } from './CustomerPage';
import { listed, type Customer } from './queries';
import { useWords } from './texts';

const STATES = ['active', 'invited', 'declined', 'withdrawn', 'lapsed', 'removed'];
const NOBODY = { name: '', country: '', domain: '', email: '', for_reseller: '' };

/** A new customer, or an invitation of one that is there. */
function Gain(props: { verb: 'create_customer' | 'invite_customer'; onClose: () => void }) {
  const words = useWords();
  const go = useGo();
  const first = useQueryTexts();
  const me = useMe();
  const isNew = props.verb === 'create_customer';
  const [draft, change, forget] = useDraft(props.verb, {
    ...NOBODY,
    country: me.country ?? '',
    customer: first.customer ?? '',
  });
  const act = useAct((params: Record<string, string>, id) => command(props.verb, params, id));
  const { customer, for_reseller, ...made } = draft;
  const needed = isNew ? { ...made, country: made.country.toUpperCase() } : { customer };
  const input: Record<string, string> = { ...needed, ...(isNew && for_reseller !== '' ? { for_reseller } : {}) };
  const text = (name: keyof typeof draft, label: string, rule: string, type: 'text' | 'email' = 'text') => (
    <Field label={label} rule={rule} name={name} trouble={act.trouble} required={name !== 'for_reseller'}>
      <Input type={type} value={draft[name]} onChange={(_, data) => change({ [name]: data.value })} />
    </Field>
  );
  return (
    <Confirm
      open
      title={isNew ? words.create : words.invite}
      confirm={isNew ? words.createGo : words.inviteGo}
      act={act}
      input={input}
      disabled={Object.values(needed).includes('')}
      onClose={props.onClose}
      onDone={() => {
        forget();
        props.onClose();
        if (isNew) go(`/customers?search=${encodeURIComponent(made.domain)}`);
      }}
    >
      <span>{isNew ? words.createAbout : words.inviteAbout}</span>
      {isNew ? (
        <>
          {text('name', words.company, words.companyRule)}
          {text('country', words.country, words.countryRule)}
          {text('domain', words.domain, words.domainRule)}
          {text('email', words.email, words.emailRule, 'email')}
          {me.role === 'indirect_provider' && text('for_reseller', words.forReseller, words.forResellerRule)}
        </>
      ) : (
        text('customer', words.shortName, words.shortNameRule)
      )}
    </Confirm>
  );
}

function List() {
  const texts = useTexts();
  const words = useWords();
  const go = useGo();
  const me = useMe();
  const first = useQueryTexts();
  const [search, setSearch] = useInAddress('search');
  const [country, setCountry] = useInAddress('country');
  const [state, setState] = useInAddress('state');
  const [gain, setGain] = useState<'create_customer' | 'invite_customer' | null>(
    first.do === 'create_customer' || first.do === 'invite_customer' ? first.do : null,
  );
  // What is proposed about a customer is done on its own page.
  const proposed = gain === null && first.do !== undefined && first.customer !== undefined ? first : null;
  useEffect(() => {
    if (proposed === null) return;
    go(`/customers/${proposed.customer ?? ''}?${new URLSearchParams(proposed as Record<string, string>)}`);
  });
  const wanted = useDeferredValue(search);
  const query = useInfiniteQuery(listed({ search: wanted, country, state }));
  const { rows, onEnd } = useRows(query);
  const isOperator = me.role === 'operator';

  const columns = useMemo<Column<Customer>[]>(
    () => [
      {
        id: 'title',
        label: words.company,
        width: 'minmax(14rem, 1.4fr)',
        cell: one => <Link to={`/customers/${one.name}`}>{one.title}</Link>,
      },
      { id: 'name', label: words.shortName, width: 'minmax(10rem, 1fr)', wideOnly: true, cell: one => one.name },
      { id: 'country', label: words.country, width: '6rem', cell: one => one.country ?? texts.parts.none },
      ...(isOperator
        ? [
            {
              id: 'partners',
              label: words.partners,
              width: '6rem',
              end: true,
              cell: (one: Customer) => <Count of={one.partners} />,
            },
          ]
        : [
            {
              id: 'state',
              label: words.state,
              width: '8rem',
              cell: (one: Customer) => <StateBadge state={one.state ?? 'none'} />,
            },
            {
              id: 'since',
              label: words.since,
              width: '9rem',
              wideOnly: true,
              cell: (one: Customer) =>
                one.since === undefined ? texts.parts.none : <When at={one.since} grain="day" />,
            },
          ]),
      {
        id: 'subscriptions',
        label: words.subscriptions,
        width: '7.5rem',
        end: true,
        cell: one => <Count of={one.subscriptions} />,
      },
    ],
    [words, texts, isOperator],
  );

  return (
    <Page
      title={texts.screens.customers}
      lead={words.lead}
      actions={
        isOperator ? undefined : (
          <>
            <Button onClick={() => setGain('invite_customer')}>{words.invite}</Button>
            <Button appearance="primary" onClick={() => setGain('create_customer')}>
              {words.create}
            </Button>
          </>
        )
      }
    >
      <Search
        label={words.search}
        value={search}
        onChange={setSearch}
        shown={rows.length}
        all={rows.length}
        isMore={query.hasNextPage}
      >
        <Input
          aria-label={words.countryFilter}
          placeholder={words.countryFilter}
          maxLength={2}
          value={country}
          onChange={(_, data) => setCountry(data.value)}
        />
        {!isOperator && (
          <Select aria-label={words.state} value={state} onChange={(_, data) => setState(data.value)}>
            <option value="">{words.allStates}</option>
            {STATES.map(one => (
              <option key={one} value={one}>
                {texts.states[one]}
              </option>
            ))}
          </Select>
        )}
      </Search>
      <Loaded query={query} lines={10}>
        {() => (
          <DataTable
            name={words.list}
            rows={rows}
            columns={columns}
            rowKey={one => one.id}
            onOpen={one => go(`/customers/${one.name}`)}
            onEnd={onEnd}
            empty={<Empty title={texts.parts.noMatch} hint={texts.parts.noMatchHint} />}
          />
        )}
      </Loaded>
      {gain !== null && <Gain verb={gain} onClose={() => setGain(null)} />}
    </Page>
  );
}

/** The customers of a partner, or all of them; a customer's user sees its own company. */
export default function CustomerList() {
  const me = useMe();
  return me.role === 'customer' ? <CustomerDetail id={me.handle} /> : <List />;
}
