import {
  Button,
  Input,
  makeStyles,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  Select,
  tokens,
} from '@fluentui/react-components';
import { DeleteRegular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';

import { api, got } from '../../api/client';
import { useMe } from '../../api/queries';
import type { Trouble } from '../../api/trouble';
import { Answer, ButtonLink, Count, Empty, Field, Form, Section, useAct, useDraft } from '../../parts';
import { useStore } from '../../store';
import { cart, fill } from './cart';
import { customersQuery } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalM },
  line: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) auto auto',
    gap: tokens.spacingHorizontalM,
    alignItems: 'center',
    paddingBottom: tokens.spacingVerticalS,
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke3}`,
  },
  dim: { display: 'block', color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
});

export interface Chosen {
  id: string;
  name: string;
  title: string;
}

/** Chooses an active customer, found by a part of its name. */
export function CustomerChoice(props: {
  value: Chosen | null;
  onChange: (customer: Chosen | null) => void;
  trouble: Trouble | null;
}) {
  const words = useWords();
  const [typed, setTyped] = useState('');
  const customers = useQuery(customersQuery(useDeferredValue(typed.trim()))).data ?? [];
  const { value } = props;
  const shown = value === null || customers.some(one => one.id === value.id) ? customers : [value, ...customers];
  return (
    <>
      <Field label={words.findCustomer}>
        <Input value={typed} onChange={(_, data) => setTyped(data.value)} />
      </Field>
      <Field label={words.customer} name="customer" trouble={props.trouble} required>
        <Select
          value={value?.id ?? ''}
          onChange={(_, data) => {
            const found = shown.find(one => one.id === data.value);
            props.onChange(found === undefined ? null : { id: found.id, name: found.name, title: found.title });
          }}
        >
          <option value="">{words.chooseCustomer}</option>
          {shown.map(one => (
            <option key={one.id} value={one.id}>
              {one.title}
            </option>
          ))}
        </Select>
      </Field>
    </>
  );
}

/** Another id that follows from one, for the second call of a deed. */
const besides = (id: string): string => id.slice(0, -1) + (Number.parseInt(id.slice(-1), 16) ^ 1).toString(16);

/** What was put together, for whom, and buying it. */
export function Cart() {
  const styles = useStyles();
  const words = useWords();
  const me = useMe();
  const lines = useStore(cart);
  const [draft, change, forget] = useDraft<{ customer: Chosen | null; reseller: string }>('cart', {
    customer: null,
    reseller: '',
  });
  const [bought, setBought] = useState<number | null>(null);
  // The cart is made and checked out in one deed; each of the two has an id of its own.
  const act = useAct(async (_: { draft: typeof draft; lines: typeof lines }, id) => {
    const lineItems = lines.map((line, index) => ({
      id: index,
      catalogItemId: line.catalogItemId,
      quantity: line.quantity,
      ...(line.term === '' ? {} : { termDuration: line.term }),
      ...(line.cycle === '' ? {} : { billingCycle: line.cycle.toLowerCase() }),
      ...(draft.reseller === '' ? {} : { partnerIdOnRecord: draft.reseller }),
    }));
    const path = { 'customer-id': draft.customer?.id ?? '' };
    const made = await got(
      api.POST('/v1/customers/{customer-id}/carts', {
        params: { path },
        body: { lineItems },
        headers: { 'MS-RequestId': id },
      }),
    );
    return got(
      api.POST('/v1/customers/{customer-id}/carts/{cart-id}/checkout', {
        params: { path: { ...path, 'cart-id': made.id } },
        headers: { 'MS-RequestId': besides(id) },
      }),
    );
  });
  const submit = async () => {
    const answer = await act.run({ draft, lines });
    if (answer === undefined) return;
    setBought(answer.orders.length);
    fill([]);
    forget();
  };
  return (
    <Section title={words.views.cart} lead={words.cartLead}>
      {bought !== null && (
        <MessageBar intent="success" layout="multiline" data-bought={bought}>
          <MessageBarBody>
            <MessageBarTitle>{words.bought(String(bought))}</MessageBarTitle>
            {words.boughtHint}
          </MessageBarBody>
        </MessageBar>
      )}
      {lines.length === 0 ? (
        <>
          <Answer trouble={act.trouble} />
          <Empty
            title={words.emptyCart}
            hint={words.emptyCartHint}
            action={<ButtonLink to="/catalogue">{words.views.products}</ButtonLink>}
          />
        </>
      ) : (
        <>
          <ul className={styles.list}>
            {lines.map((line, index) => (
              <li key={index} className={styles.line}>
                <span>
                  {line.title}
                  <span className={styles.dim}>
                    {line.term} · {line.cycle}
                  </span>
                </span>
                <span>
                  × <Count of={line.quantity} />
                </span>
                <Button
                  appearance="subtle"
                  icon={<DeleteRegular />}
                  aria-label={words.takeOut(line.title)}
                  onClick={() => fill(lines.filter((_, other) => other !== index))}
                />
              </li>
            ))}
          </ul>
          <Form
            submit={words.buy}
            busy={act.busy}
            trouble={act.trouble}
            onSubmit={() => void submit()}
            disabled={draft.customer === null}
          >
            <CustomerChoice value={draft.customer} onChange={customer => change({ customer })} trouble={act.trouble} />
            {me.role === 'indirect_provider' && (
              <Field
                label={words.partnerOfRecord}
                rule={words.partnerOfRecordRule}
                name="partnerIdOnRecord"
                trouble={act.trouble}
              >
                <Input value={draft.reseller} onChange={(_, data) => change({ reseller: data.value })} />
              </Field>
            )}
          </Form>
        </>
      )}
    </Section>
  );
}
