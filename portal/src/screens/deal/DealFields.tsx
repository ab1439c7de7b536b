import { Checkbox, Input, makeStyles, Select, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';

import { useIsSandbox, useMe } from '../../api/queries';
import type { Trouble } from '../../api/trouble';
import { Field } from '../../parts';
import { count } from '../../parts/money';
import { localeOf, useLang } from '../../texts/lang';
import { FIELDS, NEEDED, type FieldName, type Verb } from './deal';
import { customersQuery, itemsQuery, partnersQuery } from './queries';
import { useWords } from './texts';
import { useSettled } from './useSettled';

const useStyles = makeStyles({
  fields: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: tokens.spacingVerticalL },
  pair: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(9rem, 100%), 1fr))',
    gap: tokens.spacingHorizontalM,
    alignItems: 'start',
    '& > *': { minWidth: 0 },
    '& span, & input, & select': { minWidth: 0, maxWidth: '100%' },
  },
  chosen: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
});

interface Choice {
  name: string;
  title: string;
}

/** A name that is typed, with proposals; below it the company or item that it stands for. */
function Named(props: {
  label: string;
  rule: string;
  name: string;
  value: string;
  choices: Choice[];
  trouble: Trouble | null;
  required?: boolean;
  onChange: (value: string) => void;
}) {
  const styles = useStyles();
  const list = useId();
  const chosen = props.choices.find(one => one.name === props.value);
  return (
    <div>
      <Field
        label={props.label}
        rule={props.rule}
        name={props.name}
        trouble={props.trouble}
        {...(props.required === true ? { required: true } : {})}
      >
        {field => (
          <Input
            {...field}
            list={list}
            autoComplete="off"
            spellCheck={false}
            value={props.value}
            onChange={(_, data) => props.onChange(data.value)}
          />
        )}
      </Field>
      <datalist id={list}>
        {props.choices.map(one => (
          <option key={one.name} value={one.name} label={one.title} />
        ))}
      </datalist>
      {chosen !== undefined && chosen.title !== '' && (
        <span className={styles.chosen} data-chosen={props.name}>
          {chosen.title}
        </span>
      )}
    </div>
  );
}

/** The fields of a deal. What stands in them stands in the address, so that a remedy can fill them in and a link shows the same. */
export function DealFields(props: {
  verb: Verb;
  all: Record<string, string | undefined>;
  trouble: Trouble | null;
  change: (change: Record<string, string>) => void;
}) {
  const styles = useStyles();
  const words = useWords();
  const me = useMe();
  const isSandbox = useIsSandbox();
  const locale = localeOf(useLang());
  const { verb, all, trouble, change } = props;
  const fields: readonly FieldName[] = FIELDS[verb];
  const text = (name: FieldName) => all[name] ?? '';
  const customers = useQuery(customersQuery(useSettled(text('customer')))).data?.items ?? [];
  const items = useQuery(itemsQuery).data?.items ?? [];
  const partners = useQuery(partnersQuery(isSandbox, me.role === 'operator')).data ?? [];
  const item = items.find(one => one.name === text('item'));
  const term = text('term');
  const frequencies = [
    ...new Set((item?.terms ?? []).filter(one => term === '' || one.term === term).flatMap(one => one.frequencies)),
  ];
  const named = (name: FieldName, label: string, rule: string, choices: Choice[]) =>
    fields.includes(name) && (
      <Named
        label={label}
        rule={rule}
        name={name}
        value={text(name)}
        choices={choices}
        trouble={trouble}
        required={NEEDED[verb].includes(name)}
        onChange={value => change({ [name]: value })}
      />
    );
  return (
    <div className={styles.fields}>
      {named(
        'provider',
        words.provider,
        words.providerRule,
        partners.filter(one => one.kind === 'indirect_provider'),
      )}
      {named(
        'partner',
        words.partner,
        words.partnerRule,
        partners.filter(one => one.kind === 'indirect_reseller'),
      )}
      {named('customer', words.customer, words.customerRule, customers)}
      {me.role !== 'indirect_reseller' &&
        me.role !== 'direct_bill' &&
        named(
          'partner_of_record',
          words.reseller,
          words.resellerRule,
          partners.filter(one => one.kind === 'indirect_reseller'),
        )}
      {named('item', words.item, words.itemRule, items)}
      {fields.includes('quantity') && (
        <div className={styles.pair}>
          <Field
            label={words.quantity}
            name="quantity"
            trouble={trouble}
            {...(item === undefined
              ? {}
              : { rule: words.quantityRule(count(item.min, locale), count(item.max, locale)) })}
          >
            {field => (
              <Input
                {...field}
                inputMode="numeric"
                autoComplete="off"
                placeholder="1"
                value={text('quantity')}
                onChange={(_, data) => change({ quantity: data.value })}
              />
            )}
          </Field>
          <Field label={words.term} name="term" trouble={trouble}>
            {field => (
              <Select {...field} value={term} onChange={(_, data) => change({ term: data.value, frequency: '' })}>
                <option value="">{words.usual}</option>
                {(item?.terms ?? []).map(one => (
                  <option key={one.term} value={one.term}>
                    {words.termOf[one.term] ?? one.term}
                  </option>
                ))}
                {term !== '' && !(item?.terms ?? []).some(one => one.term === term) && (
                  <option value={term}>{words.termOf[term] ?? term}</option>
                )}
              </Select>
            )}
          </Field>
          <Field label={words.frequency} name="frequency" trouble={trouble}>
            {field => (
              <Select {...field} value={text('frequency')} onChange={(_, data) => change({ frequency: data.value })}>
                <option value="">{words.usual}</option>
                {[...new Set([...frequencies, text('frequency')])]
                  .filter(one => one !== '')
                  .map(one => (
                    <option key={one} value={one}>
                      {words.frequencies[one] ?? one}
                    </option>
                  ))}
              </Select>
            )}
          </Field>
        </div>
      )}
      {fields.includes('attestation_accepted') && (
        <Checkbox
          label={words.attested}
          checked={text('attestation_accepted') !== 'false'}
          onChange={(_, data) => change({ attestation_accepted: data.checked === true ? '' : 'false' })}
        />
      )}
      {fields.includes('task') && (
        <Field label={words.task} rule={words.taskRule} name="task" trouble={trouble} required>
          {field => (
            <Input
              {...field}
              autoComplete="off"
              value={text('task')}
              onChange={(_, data) => change({ task: data.value })}
            />
          )}
        </Field>
      )}
      {fields.includes('note') && (
        <Field label={words.note} rule={words.noteRule} name="note" trouble={trouble}>
          {field => <Input {...field} value={text('note')} onChange={(_, data) => change({ note: data.value })} />}
        </Field>
      )}
    </div>
  );
}
