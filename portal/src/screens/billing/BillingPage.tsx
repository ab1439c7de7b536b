import { Tab, TabList } from '@fluentui/react-components';

import { useMe } from '../../api/queries';
import { Page, useInAddress } from '../../parts';
import { useTexts } from '../../texts';
import { Account } from './Account';
import { Invoices } from './Invoices';
import { Ledger } from './Ledger';
import { Margins } from './Margins';
import { Runs } from './Runs';
import { useWords } from './texts';

const VIEWS = ['invoices', 'account', 'margins', 'ledger', 'runs'] as const;

/** Who may look at what: a customer has no margin and no books, and billing runs are the operator's. */
function viewsOf(role: string): (typeof VIEWS)[number][] {
  if (role === 'operator') return [...VIEWS];
  return role === 'customer' ? ['invoices', 'account'] : ['invoices', 'account', 'margins', 'ledger'];
}

/** Money: what was billed on every edge of the caller, what is owed, what it earned, and its books. */
export default function BillingPage() {
  const texts = useTexts();
  const words = useWords();
  const me = useMe();
  const [chosen, choose] = useInAddress('view');
  const views = viewsOf(me.role);
  const view = views.find(one => one === chosen) ?? 'invoices';
  return (
    <Page title={texts.screens.billing} lead={words.lead}>
      <TabList
        selectedValue={view}
        onTabSelect={(_, data) => choose(data.value === 'invoices' ? '' : String(data.value))}
        style={{ overflowX: 'auto' }}
      >
        {views.map(one => (
          <Tab key={one} value={one}>
            {words.views[one]}
          </Tab>
        ))}
      </TabList>
      {view === 'invoices' && <Invoices />}
      {view === 'account' && <Account />}
      {view === 'margins' && <Margins />}
      {view === 'ledger' && <Ledger />}
      {view === 'runs' && <Runs />}
    </Page>
  );
}
