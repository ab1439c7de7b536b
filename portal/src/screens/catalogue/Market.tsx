import { Button, Input, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import {
  Amount,
  command,
  Confirm,
  DataTable,
  Empty,
  Field,
  fits,
  Loaded,
  Search,
  Section,
  useAct,
  useInAddress,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { CustomerChoice, type Chosen } from './Cart';
import { marketQuery, type Opened } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({ dim: { color: tokens.colorNeutralForeground2 } });

/** Asks a provider for an item at the price that was seen. */
function Ask(props: { of: Opened; onClose: () => void }) {
  const styles = useStyles();
  const words = useWords();
  const [customer, setCustomer] = useState<Chosen | null>(null);
  const [quantity, setQuantity] = useState('1');
  const [note, setNote] = useState('');
  const isNumber = /^[1-9]\d{0,6}$/.test(quantity);
  const act = useAct((_: null, id) =>
    command(
      'request_order',
      {
        provider: props.of.provider,
        customer: customer?.name,
        item: props.of.item,
        quantity: Number(quantity),
        term: props.of.term,
        note,
        price: props.of.cost,
      },
      id,
    ),
  );
  return (
    <Confirm
      open
      title={words.askFor(props.of.title, props.of.provider)}
      confirm={words.ask}
      act={act}
      input={null}
      disabled={customer === null || !isNumber}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <span className={styles.dim}>
        {words.askAbout} <Amount of={props.of.cost} />
      </span>
      <CustomerChoice value={customer} onChange={setCustomer} trouble={act.trouble} />
      <Field label={words.quantity} rule={words.quantityRule} name="quantity" trouble={act.trouble} required>
        <Input inputMode="numeric" value={quantity} onChange={(_, data) => setQuantity(data.value)} />
      </Field>
      <Field label={words.note} rule={words.noteRule} name="note" trouble={act.trouble}>
        <Input value={note} onChange={(_, data) => setNote(data.value)} />
      </Field>
    </Confirm>
  );
}

/** What providers have opened, at their price and at one's own. */
export function Market() {
  const texts = useTexts();
  const words = useWords();
  const [search, setSearch] = useInAddress('search');
  const market = useQuery(marketQuery(''));
  const [asked, setAsked] = useState<Opened | null>(null);
  const columns = useMemo<Column<Opened>[]>(
    () => [
      {
        id: 'title',
        label: words.item,
        width: 'minmax(10rem, 1.2fr)',
        sort: row => row.title,
        cell: row => row.title,
      },
      { id: 'term', label: words.term, width: '7rem', cell: row => words.terms[row.term] ?? row.term },
      {
        id: 'provider',
        label: words.provider,
        width: 'minmax(7rem, 1fr)',
        sort: row => row.provider,
        cell: row => row.provider,
      },
      { id: 'cost', label: words.pays, width: '7rem', end: true, cell: row => <Amount of={row.cost} /> },
      { id: 'price', label: words.asks, width: '7rem', end: true, cell: row => <Amount of={row.price} /> },
      { id: 'margin', label: words.margin, width: '6rem', end: true, cell: row => `${row.margin ?? '0'} %` },
      {
        id: 'ask',
        label: '',
        width: '7rem',
        end: true,
        cell: row => (
          <Button size="small" onClick={() => setAsked(row)}>
            {words.ask}
          </Button>
        ),
      },
    ],
    [words],
  );
  return (
    <Section title={words.views.market} lead={words.marketLead} bare>
      <Loaded query={market} lines={6}>
        {items => {
          const found = items.filter(row => fits(search, row.title, row.item, row.provider));
          return (
            <>
              <Search
                label={words.search}
                value={search}
                onChange={setSearch}
                shown={found.length}
                all={items.length}
              />
              <DataTable
                name={words.views.market}
                rows={found}
                columns={columns}
                rowKey={row => `${row.provider} ${row.item} ${row.term} ${row.segment}`}
                empty={
                  items.length === 0 ? (
                    <Empty title={words.noMarket} hint={words.noMarketHint} />
                  ) : (
                    <Empty title={texts.parts.noMatch} hint={texts.parts.noMatchHint} />
                  )
                }
              />
            </>
          );
        }}
      </Loaded>
      {asked !== null && <Ask of={asked} onClose={() => setAsked(null)} />}
    </Section>
  );
}
