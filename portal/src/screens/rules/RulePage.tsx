import { Badge, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';

import { Copy, Facts, Loaded, Page, Section, StateBadge, useParam } from '../../parts';
import { useLang } from '../../texts/lang';
import { casesQuery, ruleQuery, type Rule } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  statement: { margin: 0, fontSize: tokens.fontSizeBase400, lineHeight: tokens.lineHeightBase500, maxWidth: '75ch' },
  text: { margin: 0, maxWidth: '75ch', lineHeight: tokens.lineHeightBase400 },
  dim: { margin: 0, color: tokens.colorNeutralForeground2 },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  cases: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalM },
  case: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: tokens.spacingVerticalXXS },
});

function Cases(props: { rule: string }) {
  const styles = useStyles();
  const words = useWords();
  const cases = useQuery(casesQuery);
  return (
    <Section title={words.cases} lead={words.casesLead}>
      <Loaded query={cases}>
        {all => {
          const found = all.filter(one => one.rules.includes(props.rule));
          if (found.length === 0) return <p className={styles.dim}>{words.noCases}</p>;
          return (
            <ul className={styles.cases}>
              {found.map(one => {
                const line = `tierline check scenarios/${one.file} --only ${one.id}`;
                return (
                  <li key={`${one.file} ${one.id}`} className={styles.case}>
                    <span lang="en">{one.title}</span>
                    <span className={styles.line}>
                      <code className={styles.code}>
                        {one.id} · scenarios/{one.file}
                      </code>
                      <Copy text={line} label={one.id} />
                    </span>
                  </li>
                );
              })}
            </ul>
          );
        }}
      </Loaded>
    </Section>
  );
}

function Detail(props: { rule: Rule }) {
  const styles = useStyles();
  const words = useWords();
  const { rule } = props;
  return (
    <>
      <div className={styles.line}>
        <StateBadge state={rule.status} />
        <Badge appearance="outline">{words.grades[rule.grade] ?? rule.grade}</Badge>
        <span className={styles.dim}>{words.statusHints[rule.status]}</span>
      </div>
      <p className={styles.statement}>{rule.statement}</p>
      <Section title={words.refusal}>
        <p className={rule.refusal === '' ? styles.dim : styles.text}>
          {rule.refusal === '' ? words.noRefusal : rule.refusal}
        </p>
        {rule.remedy !== '' && (
          <p className={styles.text}>
            <strong>{words.remedy}:</strong> {rule.remedy}
          </p>
        )}
      </Section>
      <Section title={words.about}>
        <Facts
          items={[
            { label: words.section, value: rule.section },
            { label: words.source, value: rule.source },
            { label: words.grade, value: words.gradeHints[rule.grade] },
            { label: words.binds, value: rule.binds },
            { label: words.checked, value: rule.checked },
            { label: words.code, value: rule.code },
            { label: words.step, value: rule.step },
            { label: words.ground, value: rule.ground },
            {
              label: words.where,
              value: rule.where && (
                <span className={styles.line}>
                  {rule.where.map(verb => (
                    <code key={verb} className={styles.code}>
                      {verb}
                    </code>
                  ))}
                </span>
              ),
            },
          ]}
        />
      </Section>
      <Cases rule={rule.id} />
    </>
  );
}

/** One rule: what it says, what a refusal says, where it comes from and which cases try it. */
export default function RulePage() {
  const words = useWords();
  const id = useParam('id');
  const rule = useQuery(ruleQuery(id, useLang()));
  return (
    <Page title={id} back={{ to: '/rules', label: words.all }}>
      <Loaded query={rule} lines={8}>
        {data => <Detail rule={data} />}
      </Loaded>
    </Page>
  );
}
