import { useMe } from '../../api/queries';
import { Page, useInAddress, Views } from '../../parts';
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
      <Views all={views} names={words.views} shown={view} onChoose={one => choose(one === 'invoices' ? '' : one)} />
      {view === 'invoices' && <Invoices />}
      {view === 'account' && <Account />}
      {view === 'margins' && <Margins />}
      {view === 'ledger' && <Ledger />}
      {view === 'runs' && <Runs />}
    </Page>
  );
}
