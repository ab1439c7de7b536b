import { Checkbox, Input, makeStyles, Select, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { api, got } from '../../api/client';
import {
  Amount,
  DataTable,
  Empty,
  Field,
  Form,
  Loaded,
  Section,
  useAct,
  useDraft,
  When,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { booksQuery, type Entry } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  fields: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(12rem, 1fr))',
    gap: tokens.spacingHorizontalL,
    alignItems: 'start',
  },
});

const FIRST = { buyer: '', customer: '', item: '', term: '', method: 'margin', value: '', from: '', open: false };

/** Adds an entry; it takes the place of what the book said of the same from its first day on. */
function Add() {
  const styles = useStyles();
  const words = useWords();
  const [draft, change, forget] = useDraft('price', FIRST);
  const act = useAct((_: typeof draft, id) => {
    const named = Object.fromEntries(
      (['buyer', 'customer', 'item', 'term', 'from'] as const)
        .map(name => [name, draft[name].trim()] as const)
        .filter(([, value]) => value !== ''),
    );
    const body = { ...named, [draft.method]: draft.value.trim(), open: draft.open };
    return got(api.POST('/program/v1/price-books', { body, headers: { 'MS-RequestId': id } }));
  });
  const submit = async () => {
    if ((await act.run(draft)) !== undefined) forget();
  };
  const field = (name: 'buyer' | 'customer' | 'item', label: string) => (
    <Field label={label} rule={words.leaveOut} name={name} trouble={act.trouble}>
      <Input value={draft[name]} onChange={(_, data) => change({ [name]: data.value })} />
    </Field>
  );
  return (
    <Section title={words.addEntry} lead={words.addEntryLead}>
      <Form
        submit={words.addEntry}
        busy={act.busy}
        trouble={act.trouble}
        onSubmit={() => void submit()}
        disabled={draft.value.trim() === ''}
      >
        <div className={styles.fields}>
          {field('item', words.item)}
          {field('buyer', words.buyer)}
          {field('customer', words.customer)}
          <Field label={words.term} name="term" trouble={act.trouble}>
            <Select value={draft.term} onChange={(_, data) => change({ term: data.value })}>
              <option value="">{words.everyTerm}</option>
              {['P1M', 'P1Y', 'P3Y'].map(one => (
                <option key={one} value={one}>
                  {words.terms[one]}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={words.method}>
            <Select value={draft.method} onChange={(_, data) => change({ method: data.value })}>
              {['margin', 'markup', 'fixed'].map(one => (
                <option key={one} value={one}>
                  {words.methods[one]}
                </option>
              ))}
            </Select>
          </Field>
          <Field
            label={draft.method === 'fixed' ? words.price : words.percent}
            rule={draft.method === 'fixed' ? words.priceRule : words.percentRule}
            name={draft.method}
            trouble={act.trouble}
            required
          >
            <Input value={draft.value} onChange={(_, data) => change({ value: data.value })} />
          </Field>
          <Field label={words.from} rule={words.fromRule} name="from" trouble={act.trouble}>
            <Input type="date" value={draft.from} onChange={(_, data) => change({ from: data.value })} />
          </Field>
        </div>
        <Checkbox
          label={words.openIt}
          checked={draft.open}
          onChange={(_, data) => change({ open: data.checked === true })}
        />
      </Form>
    </Section>
  );
}

/** The caller's own price book. */
export function Books() {
  const texts = useTexts();
  const words = useWords();
  const books = useQuery(booksQuery);
  const columns = useMemo<Column<Entry>[]>(
    () => [
      {
        id: 'item',
        label: words.item,
        width: 'minmax(9rem, 1fr)',
        sort: row => row.item ?? '',
        cell: row => row.item ?? words.everyItem,
      },
      {
        id: 'buyer',
        label: words.buyer,
        width: 'minmax(8rem, 1fr)',
        sort: row => row.buyer ?? '',
        cell: row => row.customer ?? row.buyer ?? words.everybody,
      },
      {
        id: 'term',
        label: words.term,
        width: '8rem',
        cell: row => (typeof row.term === 'string' ? (words.terms[row.term] ?? row.term) : words.everyTerm),
      },
      {
        id: 'price',
        label: words.method,
        width: 'minmax(10rem, 1fr)',
        cell: row =>
          typeof row.fixed === 'string' ? (
            <Amount of={row.fixed} />
          ) : (
            `${words.methods[row.method] ?? row.method} ${row.percent ?? ''} %`
          ),
      },
      {
        id: 'open',
        label: words.opened,
        width: '7rem',
        cell: row => (row.open ? texts.parts.yes : texts.parts.no),
      },
      { id: 'from', label: words.from, width: '8rem', sort: row => row.from, cell: row => <When at={row.from} /> },
    ],
    [words, texts],
  );
  return (
    <>
      <Section title={words.book} lead={words.bookLead} bare>
        <Loaded query={books} lines={4}>
          {items => (
            <DataTable
              name={words.book}
              rows={items}
              columns={columns}
              rowKey={row => row.id}
              height="24rem"
              empty={<Empty title={words.noEntries} hint={words.noEntriesHint} />}
            />
          )}
        </Loaded>
      </Section>
      <Add />
    </>
  );
}
