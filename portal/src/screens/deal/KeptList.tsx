import { Input, Select } from '@fluentui/react-components';

import { Page, useInAddress } from '../../parts';
import { useTexts } from '../../texts';
import { KeptTable } from './KeptTable';
import { useWords } from './texts';
import { makeStyles, tokens } from '@fluentui/react-components';

const useStyles = makeStyles({ bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM } });

/** What was refused, and what orders and relationships rest on. */
export default function KeptList() {
  const styles = useStyles();
  const texts = useTexts();
  const words = useWords();
  const [rule, setRule] = useInAddress('rule');
  const [outcome, setOutcome] = useInAddress('outcome');
  const isRule = /^[A-Za-z]{3}-\d{3}$/.test(rule);
  return (
    <Page title={words.keptTitle} lead={words.keptLead} back={{ to: '/deal', label: texts.screens.deal }}>
      <div className={styles.bar} role="search">
        <Input
          aria-label={words.ruleFilter}
          placeholder="CUS-002"
          value={rule}
          onChange={(_, data) => setRule(data.value)}
        />
        <Select aria-label={words.outcome} value={outcome} onChange={(_, data) => setOutcome(data.value)}>
          <option value="">{words.every}</option>
          <option value="refused">{words.refused}</option>
          <option value="allowed">{words.allowed}</option>
        </Select>
      </div>
      <KeptTable
        filter={{
          ...(isRule ? { rule: rule.toUpperCase() } : {}),
          ...(outcome === '' ? {} : { outcome }),
        }}
      />
    </Page>
  );
}
