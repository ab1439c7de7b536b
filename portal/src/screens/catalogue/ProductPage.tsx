import { Button, Input, makeStyles, MessageBar, MessageBarBody, Select, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { useMe } from '../../api/queries';
import { Count, Empty, Facts, Field, Link, Loaded, Page, PHONE, Section, useParam } from '../../parts';
import { cart, fill } from './cart';
import { offersQuery, productQuery } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  line: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalM,
    alignItems: 'flex-start',
    '& > *': { minWidth: 0, maxWidth: '100%', gridTemplateColumns: 'minmax(0, 1fr)' },
    '& select': { width: '100%', minWidth: 0, textOverflow: 'ellipsis' },
  },
  short: { width: '8rem' },
  // Beside the fields and not beside their labels.
  go: {
    marginTop: `calc(${tokens.lineHeightBase300} + ${tokens.spacingVerticalXXS} * 3)`,
    [PHONE]: { marginTop: 0, flexBasis: '100%', flexGrow: 0 },
  },
});

interface Offer {
  catalogItemId: string;
  title: string;
  terms: { duration: string; billingCycle: string; description: string }[];
}

/** Puts a number of an offer into the cart. */
function Add(props: { of: Offer }) {
  const styles = useStyles();
  const words = useWords();
  const [quantity, setQuantity] = useState('1');
  const [term, setTerm] = useState(0);
  const [isIn, setIn] = useState(false);
  const isNumber = /^[1-9]\d{0,6}$/.test(quantity);
  const chosen = props.of.terms[term];
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (!isNumber) return;
        const line = {
          catalogItemId: props.of.catalogItemId,
          title: props.of.title,
          quantity: Number(quantity),
          term: chosen?.duration ?? '',
          cycle: chosen?.billingCycle ?? '',
        };
        fill([...cart.get(), line]);
        setIn(true);
      }}
    >
      <div className={styles.line}>
        {props.of.terms.length > 0 && (
          <Field label={words.term}>
            <Select value={String(term)} onChange={(_, data) => setTerm(Number(data.value))}>
              {props.of.terms.map((one, index) => (
                <option key={`${one.duration} ${one.billingCycle}`} value={index}>
                  {one.description}
                </option>
              ))}
            </Select>
          </Field>
        )}
        <Field label={words.quantity} rule={words.quantityRule} problem={isNumber ? undefined : words.quantityRule}>
          <Input
            className={styles.short}
            inputMode="numeric"
            value={quantity}
            onChange={(_, data) => {
              setQuantity(data.value);
              setIn(false);
            }}
          />
        </Field>
        <Button type="submit" appearance="primary" className={styles.go} disabled={!isNumber}>
          {words.add}
        </Button>
      </div>
      {isIn && (
        <MessageBar intent="success" style={{ marginTop: tokens.spacingVerticalM }}>
          <MessageBarBody>
            {words.added} <Link to="/catalogue?view=cart">{words.toCart}</Link>
          </MessageBarBody>
        </MessageBar>
      )}
    </form>
  );
}

/** One product and what can be bought of it. */
export default function ProductPage() {
  const words = useWords();
  const id = useParam('id');
  const country = useMe().country ?? 'US';
  const product = useQuery(productQuery(id, country));
  const offers = useQuery(offersQuery(id, country));
  return (
    <Page
      title={product.data?.title ?? id}
      lead={product.data?.description}
      back={{ to: '/catalogue', label: words.views.products }}
    >
      <Loaded query={offers} lines={8}>
        {skus =>
          skus.length === 0 ? (
            <Empty />
          ) : (
            <>
              {skus.map(({ sku, availabilities }) => (
                <Section key={sku.id} title={sku.title} lead={sku.description}>
                  <Facts
                    items={[
                      { label: words.sku, value: `${id}:${sku.id}` },
                      { label: words.least, value: <Count of={sku.minimumQuantity} /> },
                      { label: words.most, value: <Count of={sku.maximumQuantity} /> },
                      {
                        label: words.prerequisites,
                        value: sku.purchasePrerequisites.map(one => words.needs[one] ?? one).join(', '),
                      },
                    ]}
                  />
                  {availabilities.map(one => (
                    <Add
                      key={one.catalogItemId}
                      of={{
                        catalogItemId: one.catalogItemId,
                        title: sku.title,
                        terms: one.terms.map(term => ({
                          duration: term.duration ?? '',
                          billingCycle: term.billingCycle,
                          description: term.description,
                        })),
                      }}
                    />
                  ))}
                </Section>
              ))}
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
