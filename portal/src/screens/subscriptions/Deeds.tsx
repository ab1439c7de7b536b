import { Input, Select } from '@fluentui/react-components';
import { useDeferredValue } from 'react';

import { command, Confirm, Field, Preview, useAct, useDraft, useMay, useQueryTexts, When } from '../../parts';
import type { Outlook } from './queries';
import { useWords } from './texts';

/** What can be done with a subscription, as commands are called. */
export const DEEDS = [
  'change_quantity',
  'set_renewal',
  'schedule_change',
  'upgrade',
  'convert_trial',
  'suspend',
  'reactivate',
  'cancel',
  'create_transfer',
] as const;

export type Deed = (typeof DEEDS)[number];

const TERMS = ['P1M', 'P1Y', 'P3Y'];
const FREQUENCIES = ['monthly', 'annual', 'triennial'];

interface Typed {
  quantity: string;
  item: string;
  term: string;
  frequency: string;
  to: string;
  partner: string;
  record: string;
  at: string;
}

/** A whole number, or nothing yet. */
const whole = (text: string): number | undefined => (/^\d{1,7}$/.test(text) ? Number(text) : undefined);

/** The parameters of a deed; none as long as something is missing. */
function paramsOf(deed: Deed, outlook: Outlook, typed: Typed): Record<string, unknown> | null {
  const subscription = outlook.name;
  const quantity = whole(typed.quantity);
  switch (deed) {
    case 'change_quantity':
      return quantity === undefined || quantity === outlook.quantity ? null : { subscription, quantity };
    case 'set_renewal':
      return { subscription, renewal: !outlook.renews };
    case 'schedule_change': {
      const change = {
        ...(quantity === undefined || quantity === outlook.quantity ? {} : { quantity }),
        ...(typed.item === '' ? {} : { item: typed.item }),
        ...(typed.term === '' ? {} : { term: typed.term }),
        ...(typed.frequency === '' ? {} : { frequency: typed.frequency }),
      };
      return Object.keys(change).length === 0 ? null : { subscription, ...change };
    }
    case 'upgrade':
      return typed.to === '' ? null : { subscription, to: typed.to };
    case 'convert_trial':
      return quantity === undefined
        ? null
        : {
            subscription,
            quantity,
            at: typed.at,
            ...(typed.term === '' ? {} : { term: typed.term }),
            ...(typed.frequency === '' ? {} : { frequency: typed.frequency }),
          };
    case 'create_transfer':
      return typed.partner === ''
        ? null
        : {
            customer: outlook.customer,
            subscriptions: [subscription],
            to: typed.partner,
            ...(typed.record === '' ? {} : { partner_of_record: typed.record }),
          };
    case 'suspend':
    case 'reactivate':
    case 'cancel':
      return { subscription };
  }
}

/** A deed before it is done: what is wanted, what the server says comes of it, and then the confirmation. */
export function DeedWindow(props: { deed: Deed; outlook: Outlook; onClose: () => void }) {
  const words = useWords();
  const { deed, outlook } = props;
  const first = useQueryTexts();
  const [typed, change, forget] = useDraft<Typed>(`${deed} ${outlook.name}`, {
    quantity: first.quantity ?? String(outlook.quantity),
    item: first.item ?? '',
    term: first.term ?? '',
    frequency: first.frequency ?? '',
    to: (deed === 'upgrade' ? first.to : undefined) ?? '',
    partner: (deed === 'create_transfer' ? first.to : undefined) ?? '',
    record: first.partner_of_record ?? '',
    at: first.at ?? 'now',
  });
  const act = useAct((params: Record<string, unknown>, id) => command(deed, params, id));
  const settled = useDeferredValue(typed);
  const params = paramsOf(deed, outlook, settled);
  const deal = params === null ? null : { verb: deed, params };
  const may = useMay(deal);
  const close = () => {
    forget();
    props.onClose();
  };
  const title = deed === 'set_renewal' ? (outlook.renews ? words.renewalOff : words.renewalOn) : words.verbs[deed];
  const text = (
    name: 'quantity' | 'partner' | 'record',
    label: string,
    rule: string,
    field: string,
    isNumber = false,
  ) => (
    <Field label={label} rule={rule} name={field} trouble={act.trouble}>
      <Input
        type={isNumber ? 'number' : 'text'}
        {...(isNumber ? { min: 1 } : {})}
        value={typed[name]}
        onChange={(_, data) => change({ [name]: data.value })}
      />
    </Field>
  );
  const choice = (
    name: 'item' | 'term' | 'frequency' | 'to' | 'at',
    label: string,
    none: string | null,
    options: [string, string][],
  ) => (
    <Field label={label} name={name} trouble={act.trouble}>
      <Select value={typed[name]} onChange={(_, data) => change({ [name]: data.value })}>
        {none !== null && <option value="">{none}</option>}
        {options.map(([value, shown]) => (
          <option key={value} value={value}>
            {shown}
          </option>
        ))}
      </Select>
    </Field>
  );
  const spans = (none: string) => (
    <>
      {choice(
        'term',
        words.term,
        none,
        TERMS.map(one => [one, words.terms[one] ?? one]),
      )}
      {choice(
        'frequency',
        words.billed,
        none,
        FREQUENCIES.map(one => [one, words.frequencies[one] ?? one]),
      )}
    </>
  );
  const higher: [string, string][] = outlook.upgrades.map(one => [one.item, one.title]);
  return (
    <Confirm
      open
      title={`${title}: ${outlook.title}`}
      confirm={title}
      act={act}
      input={params ?? {}}
      disabled={!may}
      onClose={close}
      onDone={close}
    >
      <span>{words.abouts[deed]}</span>
      {deed === 'change_quantity' && text('quantity', words.seats, words.quantityRule, 'quantity', true)}
      {deed === 'schedule_change' && (
        <>
          {text('quantity', words.seats, words.nextRule, 'quantity', true)}
          {higher.length > 0 && choice('item', words.item, words.asIs, higher)}
          {spans(words.asIs)}
        </>
      )}
      {deed === 'convert_trial' && (
        <>
          {text('quantity', words.seats, words.quantityRule, 'quantity', true)}
          {choice('at', words.convertAt, null, [
            ['now', words.convertNow],
            ['trial_end', words.convertEnd],
          ])}
          {spans(words.usual)}
        </>
      )}
      {deed === 'upgrade' && choice('to', words.upgradeTo, words.choose, higher)}
      {deed === 'create_transfer' && (
        <>
          {text('partner', words.receiver, words.receiverRule, 'to')}
          {text('record', words.record, words.recordRule, 'partner_of_record')}
        </>
      )}
      {deal !== null && (
        <Preview deal={deal} money={deed !== 'create_transfer' && deed !== 'set_renewal' && deed !== 'schedule_change'}>
          {({ after }) =>
            after !== undefined && (
              <span>
                {words.afterwards}: {words.seatsOf(after.quantity)}, {after.title}
                {after.termEnd !== undefined && (
                  <>
                    , {after.renews ? words.renewsOn : words.endsOn} <When at={after.termEnd} />
                  </>
                )}
              </span>
            )
          }
        </Preview>
      )}
    </Confirm>
  );
}
