import { Badge, Button, Input } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import {
  command,
  Confirm,
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
import { waiversQuery, type Waiver } from './queries';
import { useWords } from './texts';

/** Grants a waiver for a time. */
function Grant() {
  const words = useWords();
  const proposed = useQueryTexts();
  const [draft, change, forget] = useDraft('waiver', {
    id: proposed.id ?? '',
    organization: proposed.organization ?? '',
    from: proposed.from ?? '',
    until: proposed.until ?? '',
  });
  const act = useAct((params: typeof draft, id) => command('grant_waiver', params, id));
  const submit = async () => {
    if ((await act.run(draft)) !== undefined) forget();
  };
  const text = (name: keyof typeof draft, label: string, rule: string, type: 'text' | 'date' = 'text') => (
    <Field label={label} rule={rule} name={name} trouble={act.trouble} required>
      <Input type={type} value={draft[name]} onChange={(_, data) => change({ [name]: data.value })} />
    </Field>
  );
  return (
    <Section title={words.grant} lead={words.grantLead}>
      <Form
        submit={words.grant}
        busy={act.busy}
        trouble={act.trouble}
        onSubmit={() => void submit()}
        disabled={Object.values(draft).includes('')}
      >
        {text('id', words.waiver, words.waiverRule)}
        {text('organization', words.company, words.organizationRule)}
        {text('from', words.from, words.fromRule, 'date')}
        {text('until', words.until, words.untilRule, 'date')}
      </Form>
    </Section>
  );
}

function End(props: { waiver: Waiver; onClose: () => void }) {
  const words = useWords();
  const act = useAct((params: { waiver: string }, id) => command('end_waiver', params, id));
  return (
    <Confirm
      open
      title={words.endTitle(props.waiver.name)}
      confirm={words.end}
      act={act}
      input={{ waiver: props.waiver.name }}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <span>{words.endAbout(props.waiver.title)}</span>
    </Confirm>
  );
}

/** Who is exempted from what, and for how long. */
export function Waivers() {
  const words = useWords();
  const waivers = useQuery(waiversQuery);
  const [ending, setEnding] = useState<Waiver | null>(null);
  const columns = useMemo<Column<Waiver>[]>(
    () => [
      { id: 'name', label: words.waiver, width: 'minmax(10rem, 1fr)', sort: row => row.name, cell: row => row.name },
      {
        id: 'title',
        label: words.company,
        width: 'minmax(12rem, 1fr)',
        sort: row => row.title,
        cell: row => row.title,
      },
      { id: 'from', label: words.from, width: '8rem', sort: row => row.from, cell: row => <When at={row.from} /> },
      { id: 'until', label: words.until, width: '8rem', sort: row => row.until, cell: row => <When at={row.until} /> },
      {
        id: 'active',
        label: words.state,
        width: '8rem',
        cell: row => (
          <Badge appearance="tint" color={row.active ? 'success' : 'informative'} shape="rounded">
            {row.active ? words.holds : words.holdsNot}
          </Badge>
        ),
      },
      {
        id: 'end',
        label: words.end,
        width: '6rem',
        cell: row =>
          row.active && (
            <Button size="small" aria-label={`${words.end}: ${row.name}`} onClick={() => setEnding(row)}>
              {words.end}
            </Button>
          ),
      },
    ],
    [words],
  );
  return (
    <>
      <Section title={words.views.waivers} lead={words.waiversLead} bare>
        <Loaded query={waivers} lines={4}>
          {items => (
            <DataTable
              name={words.views.waivers}
              rows={items}
              columns={columns}
              rowKey={row => row.name}
              height="24rem"
              empty={<Empty title={words.noWaivers} hint={words.noWaiversHint} />}
            />
          )}
        </Loaded>
      </Section>
      <Grant />
      {ending !== null && <End waiver={ending} onClose={() => setEnding(null)} />}
    </>
  );
}
