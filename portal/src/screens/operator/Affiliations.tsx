import { Button, Input } from '@fluentui/react-components';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import {
  command,
  DataTable,
  Empty,
  Field,
  Form,
  Loaded,
  Section,
  useAct,
  useDraft,
  useQueryTexts,
  When,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { affiliationsQuery, type Affiliation } from './queries';
import { useWords } from './texts';

/** Writes down that two companies belong together. */
function Add() {
  const words = useWords();
  const proposed = useQueryTexts();
  const [draft, change, forget] = useDraft('affiliation', { of: proposed.of ?? '', with: proposed.with ?? '' });
  const act = useAct((_: typeof draft, id) =>
    command('record_affiliation', { of: draft.of.trim(), with: draft.with.trim() }, id),
  );
  const submit = async () => {
    if ((await act.run(draft)) !== undefined) forget();
  };
  return (
    <Section title={words.record} lead={words.recordLead}>
      <Form
        submit={words.record}
        busy={act.busy}
        trouble={act.trouble}
        onSubmit={() => void submit()}
        disabled={draft.of.trim() === '' || draft.with.trim() === ''}
      >
        <Field label={words.of} rule={words.organizationRule} name="of" trouble={act.trouble} required>
          <Input value={draft.of} onChange={(_, data) => change({ of: data.value })} />
        </Field>
        <Field label={words.with} rule={words.organizationRule} name="with" trouble={act.trouble} required>
          <Input value={draft.with} onChange={(_, data) => change({ with: data.value })} />
        </Field>
      </Form>
    </Section>
  );
}

/** Which companies belong together: nobody sells to its own. */
export function Affiliations() {
  const texts = useTexts();
  const words = useWords();
  const affiliations = useInfiniteQuery(affiliationsQuery);
  const rows = useMemo(() => affiliations.data?.pages.flatMap(page => page.items) ?? [], [affiliations.data]);
  const columns = useMemo<Column<Affiliation>[]>(
    () => [
      {
        id: 'of',
        label: words.of,
        width: 'minmax(14rem, 1fr)',
        sort: row => row.ofTitle,
        cell: row => `${row.ofTitle} (${row.of})`,
      },
      {
        id: 'with',
        label: words.with,
        width: 'minmax(14rem, 1fr)',
        sort: row => row.withTitle,
        cell: row => `${row.withTitle} (${row.with})`,
      },
      {
        id: 'since',
        label: words.since,
        width: '10rem',
        cell: row => (row.since === undefined ? words.always : <When at={row.since} />),
      },
    ],
    [words],
  );
  return (
    <>
      <Section title={words.views.affiliations} lead={words.affiliationsLead} bare>
        <Loaded query={affiliations} lines={4}>
          {() => (
            <>
              <DataTable
                name={words.views.affiliations}
                rows={rows}
                columns={columns}
                rowKey={row => `${row.of} ${row.with}`}
                height="24rem"
                empty={<Empty title={words.noAffiliations} />}
              />
              {affiliations.hasNextPage && (
                <div>
                  <Button onClick={() => void affiliations.fetchNextPage()}>{texts.parts.more}</Button>
                </div>
              )}
            </>
          )}
        </Loaded>
      </Section>
      <Add />
    </>
  );
}
