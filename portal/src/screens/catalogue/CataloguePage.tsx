import { useMe } from '../../api/queries';
import { Page, useInAddress, useQueryTexts, Views } from '../../parts';
import { useTexts } from '../../texts';
import { Books } from './Books';
import { Cart } from './Cart';
import { Market } from './Market';
import { Preview } from './Preview';
import { Products } from './Products';
import { Requests } from './Requests';
import { useWords } from './texts';

type View = 'products' | 'cart' | 'market' | 'books' | 'requests';

/** Who sees which part: a reseller sees its providers' marketplace, and not the operator's catalogue (ENR-040). */
function viewsOf(role: string): [View, ...View[]] {
  switch (role) {
    case 'operator':
      return ['books'];
    case 'indirect_reseller':
      return ['market', 'books', 'requests'];
    case 'indirect_provider':
      return ['products', 'cart', 'books', 'requests'];
    default:
      return ['products', 'cart', 'books'];
  }
}

/** What can be bought, at what price on which tier, and what resellers ask for. */
export default function CataloguePage() {
  const texts = useTexts();
  const words = useWords();
  const me = useMe();
  const views = viewsOf(me.role);
  const [chosen, choose] = useInAddress('view');
  const isAnswer = useQueryTexts().do === 'answer_order_request';
  const view = views.find(one => one === (isAnswer && chosen === '' ? 'requests' : chosen)) ?? views[0];
  return (
    <Page title={texts.screens.catalogue} lead={words.lead}>
      <Views all={views} names={words.views} shown={view} onChoose={one => choose(one === views[0] ? '' : one)} />
      {view === 'products' && <Products />}
      {view === 'cart' && <Cart />}
      {view === 'market' && <Market />}
      {view === 'books' && (
        <>
          <Preview />
          {me.role !== 'operator' && <Books />}
        </>
      )}
      {view === 'requests' && <Requests />}
    </Page>
  );
}
