import { Select } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import {
  DataTable,
  Empty,
  fits,
  Link,
  Loaded,
  Page,
  Search,
  StateBadge,
  useGo,
  useInAddress,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { useLang } from '../../texts/lang';
import { rulesQuery, type Rule } from './queries';
import { useWords } from './texts';

/** The rulebook, searched by anything that stands in a rule. */
export default function RuleList() {
  const texts = useTexts();
  const words = useWords();
  const lang = useLang();
  const go = useGo();
  const rules = useQuery(rulesQuery(lang));
  const [search, setSearch] = useInAddress('search');
  const [section, setSection] = useInAddress('section');
  const [status, setStatus] = useInAddress('status');

  const columns = useMemo<Column<Rule>[]>(
    () => [
      {
        id: 'id',
        label: words.id,
        width: '6.5rem',
        sort: rule => rule.id,
        cell: rule => <Link to={`/rules/${rule.id}`}>{rule.id}</Link>,
      },
      { id: 'statement', label: words.statement, width: 'minmax(20rem, 1fr)', cell: rule => rule.statement },
      {
        id: 'status',
        label: words.status,
        width: '9rem',
        sort: rule => rule.status,
        cell: rule => <StateBadge state={rule.status} />,
      },
      {
        id: 'grade',
        label: words.grade,
        width: '9rem',
        wideOnly: true,
        sort: rule => rule.grade,
        cell: rule => words.grades[rule.grade] ?? rule.grade,
      },
    ],
    [words],
  );

  return (
    <Page title={texts.screens.rules} lead={words.lead}>
      <Loaded query={rules} lines={10}>
        {({ items }) => {
          const sections = [...new Set(items.map(rule => rule.section))];
          const found = items.filter(
            rule =>
              (section === '' || rule.section === section) &&
              (status === '' || rule.status === status) &&
              fits(search, rule.id, rule.statement, rule.refusal, rule.remedy, rule.source, rule.binds, rule.code),
          );
          return (
            <>
              <Search label={words.search} value={search} onChange={setSearch} shown={found.length} all={items.length}>
                <Select aria-label={words.section} value={section} onChange={(_, data) => setSection(data.value)}>
                  <option value="">{words.allSections}</option>
                  {sections.map(one => (
                    <option key={one} value={one}>
                      {one}
                    </option>
                  ))}
                </Select>
                <Select aria-label={words.status} value={status} onChange={(_, data) => setStatus(data.value)}>
                  <option value="">{words.allStatus}</option>
                  {['enforced', 'behaviour', 'planned'].map(one => (
                    <option key={one} value={one}>
                      {texts.states[one]}
                    </option>
                  ))}
                </Select>
              </Search>
              <DataTable
                name={words.list}
                rows={found}
                columns={columns}
                rowKey={rule => rule.id}
                onOpen={rule => go(`/rules/${rule.id}`)}
                empty={<Empty title={texts.parts.noMatch} hint={texts.parts.noMatchHint} />}
              />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
