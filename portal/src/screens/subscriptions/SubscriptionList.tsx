import { Select } from '@fluentui/react-components';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect } from 'react';

import { Page, Search, useGo, useInAddress, useQueryTexts, useRows } from '../../parts';
import { useTexts } from '../../texts';
import { subscriptionsQuery } from './queries';
import { SubscriptionTable } from './SubscriptionTable';
import { useWords } from './texts';

const STATES = ['active', 'suspended', 'expired', 'disabled', 'deleted'];

/** Every subscription that the caller sold, is of record for, or has. */
export default function SubscriptionList() {
  const texts = useTexts();
  const words = useWords();
  const go = useGo();
  const proposed = useQueryTexts();
  const [search, setSearch] = useInAddress('search');
  const [state, setState] = useInAddress('state');
  // What is proposed about a subscription is done on its own page.
  const target = proposed.do === undefined ? undefined : proposed.subscription;
  useEffect(() => {
    if (target === undefined) return;
    go(`/subscriptions/${target}?${new URLSearchParams(proposed as Record<string, string>)}`);
  });
  const wanted = useDeferredValue(search).slice(0, 100);
  const query = useInfiniteQuery(subscriptionsQuery(wanted, '', state));
  const { rows } = useRows(query);
  return (
    <Page title={texts.screens.subscriptions} lead={words.lead}>
      <Search
        label={words.search}
        value={search}
        onChange={setSearch}
        shown={rows.length}
        all={rows.length}
        isMore={query.hasNextPage}
      >
        <Select aria-label={words.state} value={state} onChange={(_, data) => setState(data.value)}>
          <option value="">{words.allStates}</option>
          {STATES.map(one => (
            <option key={one} value={one}>
              {texts.states[one]}
            </option>
          ))}
        </Select>
      </Search>
      <SubscriptionTable search={wanted} state={state} />
    </Page>
  );
}
