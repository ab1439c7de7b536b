import { store, keep, kept, tab } from '../../store';

/** A line of the cart that is being filled, before it is sent. */
export interface CartLine {
  catalogItemId: string;
  title: string;
  quantity: number;
  term: string;
  cycle: string;
}

const KEY = 'tierline.cart';
const read = (): CartLine[] => JSON.parse(kept(tab, KEY) ?? '[]') as CartLine[];

/** The cart of this tab: nothing of it is with the server until it is checked out. */
export const cart = store<CartLine[]>(read());

/** Changes the cart, and keeps it through reloads. */
export function fill(lines: CartLine[]): void {
  keep(tab, KEY, lines.length === 0 ? null : JSON.stringify(lines));
  cart.set(lines);
}
