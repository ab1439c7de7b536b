import { Badge, Input, Select, Textarea } from '@fluentui/react-components';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { useMe } from '../../api/queries';
import {
  command,
  DataTable,
  Empty,
  Field,
  fits,
  Form,
  Link,
  Loaded,
  Page,
  Search,
  Section,
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
import { requestsQuery, SEVERITIES, topicsQuery, type Entry, type Topic } from './queries';
import { useWords } from './texts';

const STATUSES = ['open', 'attention_needed', 'closed'];
const UNANSWERED = 'unanswered';

/** Topics by what they are about, in the order of the list. */
function subjectsOf(topics: Topic[]): [string, Topic[]][] {
  const subjects = new Map<string, Topic[]>();
  for (const topic of topics) subjects.set(topic.about, [...(subjects.get(topic.about) ?? []), topic]);
  return [...subjects];
}

/** A partner asks. */
function Open() {
  const words = useWords();
  const go = useGo();
  const proposed = useQueryTexts();
  const topics = useQuery(topicsQuery);
  const [draft, change, forget] = useDraft(`support ${proposed.customer ?? ''} ${proposed.topic ?? ''}`, {
    topic: proposed.topic ?? '',
    customer: proposed.customer ?? '',
    title: '',
    description: '',
    severity: 'moderate',
  });
  const act = useAct((params: Record<string, string>, id) => command('open_ticket', params, id));
  const submit = async () => {
    const { customer, ...rest } = draft;
    const done = await act.run(customer.trim() === '' ? rest : { ...rest, customer: customer.trim() });
    if (done === undefined) return;
    forget();
    go(`/support/${(done as { ticket: string }).ticket}`);
  };
  const { trouble } = act;
  return (
    <Section title={words.open} lead={words.openLead}>
      <Form
        submit={words.open}
        busy={act.busy}
        trouble={trouble}
        onSubmit={() => void submit()}
        disabled={draft.topic === '' || draft.title.trim() === '' || draft.description.trim() === ''}
      >
        <Field label={words.topic} rule={words.topicRule} name="topic" trouble={trouble} required>
          <Select value={draft.topic} onChange={(_, data) => change({ topic: data.value })}>
            <option value="" />
            {subjectsOf(topics.data ?? []).map(([about, all]) => (
              <optgroup key={about} label={words.subjects[about] ?? about}>
                {all.map(topic => (
                  <option key={topic.id} value={topic.id}>
                    {topic.title}
                  </option>
                ))}
              </optgroup>
            ))}
          </Select>
        </Field>
        <Field label={words.customer} rule={words.customerRule} name="customer" trouble={trouble}>
          <Input value={draft.customer} onChange={(_, data) => change({ customer: data.value })} />
        </Field>
        <Field label={words.title} rule={words.titleRule} name="title" trouble={trouble} required>
          <Input value={draft.title} onChange={(_, data) => change({ title: data.value })} />
        </Field>
        <Field label={words.description} rule={words.descriptionRule} name="description" trouble={trouble} required>
          <Textarea rows={4} value={draft.description} onChange={(_, data) => change({ description: data.value })} />
        </Field>
        <Field
          label={words.severity}
          rule={words.severityRule(words.hours[draft.severity] ?? '')}
          name="severity"
          trouble={trouble}
          required
        >
          <Select value={draft.severity} onChange={(_, data) => change({ severity: data.value })}>
            {SEVERITIES.map(one => (
              <option key={one} value={one}>
                {words.severities[one]}
              </option>
            ))}
          </Select>
        </Field>
      </Form>
    </Section>
  );
}

/** When a first answer is due, or came; late is told in a word. */
export function Due(props: { of: Entry }) {
  const words = useWords();
  const { of } = props;
  if (of.late) {
    return (
      <Badge appearance="tint" color="danger" shape="rounded">
        {words.late}
      </Badge>
    );
  }
  if (of.answered !== undefined || of.status === 'closed') return <span>{words.inTime}</span>;
  return <When at={of.due} />;
}

/** What partners ask of the operator: a partner's own, or all of them for the operator. */
export default function SupportPage() {
  const texts = useTexts();
  const words = useWords();
  const go = useGo();
  const me = useMe();
  const isOperator = me.role === 'operator';
  const [search, setSearch] = useInAddress('search');
  const [status, setStatus] = useInAddress('status');
  const requests = useInfiniteQuery(requestsQuery(status));
  const { rows, onEnd } = useRows(requests);
  const columns = useMemo<Column<Entry>[]>(
    () => [
      {
        id: 'title',
        label: words.title,
        width: 'minmax(12rem, 1.6fr)',
        sort: row => row.title,
        cell: row => <Link to={`/support/${row.id}`}>{row.title}</Link>,
      },
      ...(isOperator
        ? [
            {
              id: 'partner',
              label: words.partner,
              width: 'minmax(9rem, 1fr)',
              sort: (row: Entry) => row.partner_title,
              cell: (row: Entry) => row.partner_title,
            },
          ]
        : []),
      {
        id: 'about',
        label: words.about,
        width: 'minmax(9rem, 1fr)',
        sort: row => row.customer_title ?? '',
        cell: row => row.customer_title ?? row.topic_title,
      },
      {
        id: 'severity',
        label: words.severity,
        width: '6rem',
        sort: row => SEVERITIES.findIndex(one => one === row.severity),
        cell: row => words.severityNames[row.severity],
      },
      { id: 'status', label: words.status, width: '10.5rem', cell: row => <StateBadge state={row.status} /> },
      { id: 'due', label: words.due, width: '9rem', sort: row => row.due, cell: row => <Due of={row} /> },
      {
        id: 'opened',
        label: words.opened,
        width: '7rem',
        wideOnly: true,
        sort: row => row.opened,
        cell: row => <When at={row.opened} grain="day" />,
      },
    ],
    [words, isOperator],
  );
  const found = rows.filter(row =>
    fits(search, row.title, row.id, row.partner_title, row.customer_title, row.topic_title),
  );
  return (
    <Page title={texts.screens.support} lead={isOperator ? words.leadOperator : words.lead}>
      <Search
        label={words.search}
        value={search}
        onChange={setSearch}
        shown={found.length}
        all={rows.length}
        isMore={requests.hasNextPage}
      >
        <Select aria-label={words.status} value={status} onChange={(_, data) => setStatus(data.value)}>
          <option value="">{words.allStatuses}</option>
          <option value={UNANSWERED}>{words.unanswered}</option>
          {STATUSES.map(one => (
            <option key={one} value={one}>
              {texts.states[one]}
            </option>
          ))}
        </Select>
      </Search>
      <Loaded query={requests} lines={4}>
        {() => (
          <DataTable
            name={words.requests}
            rows={found}
            columns={columns}
            rowKey={row => row.id}
            onOpen={row => go(`/support/${row.id}`)}
            onEnd={onEnd}
            height="28rem"
            empty={
              rows.length === 0 ? (
                <Empty title={words.nothing} hint={words.nothingHint} />
              ) : (
                <Empty title={texts.parts.noMatch} hint={texts.parts.noMatchHint} />
              )
            }
          />
        )}
      </Loaded>
      {!isOperator && <Open />}
    </Page>
  );
}
