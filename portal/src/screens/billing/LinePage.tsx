import { Breadcrumb, BreadcrumbDivider, BreadcrumbItem, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';

import {
  Amount,
  ButtonLink,
  Count,
  Empty,
  Facts,
  Link,
  Loaded,
  Page,
  Section,
  StateBadge,
  useParam,
  When,
} from '../../parts';
import { useTexts } from '../../texts';
import { isShown } from '../shown';
import { invoiceQuery, lineQuery, outlookQuery, timelineQuery, type Line } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  basis: { fontFamily: tokens.fontFamilyMonospace },
  dim: { margin: 0, color: tokens.colorNeutralForeground2 },
  events: { margin: 0, paddingInlineStart: tokens.spacingHorizontalXL, display: 'grid', gap: tokens.spacingVerticalS },
});

/** What happened to the subscription, as far as the caller may know. */
function Events(props: { subscription: string }) {
  const styles = useStyles();
  const words = useWords();
  const timeline = useQuery(timelineQuery(props.subscription));
  return (
    <Loaded query={timeline} lines={2}>
      {({ items }) =>
        items.length === 0 ? (
          <p className={styles.dim}>{words.noEvents}</p>
        ) : (
          <ol className={styles.events}>
            {items.map(event => (
              <li key={event.id}>
                <When at={event.at} /> · {event.operation.replaceAll('_', ' ')}
                {event.user !== undefined && ` · ${event.user}`}
              </li>
            ))}
          </ol>
        )
      }
    </Loaded>
  );
}

/** The subscription that the line is of, as it is now. */
function Subscription(props: { line: Line }) {
  const words = useWords();
  const { subscription } = props.line;
  const outlook = useQuery(outlookQuery(subscription.id));
  return (
    <Section
      title={words.subscription}
      actions={
        isShown('subscriptions') && (
          <ButtonLink to={`/subscriptions/${subscription.id}`}>{words.openSubscription}</ButtonLink>
        )
      }
    >
      <Loaded query={outlook}>
        {data => (
          <Facts
            items={[
              { label: words.name, value: data.name },
              { label: words.state, value: <StateBadge state={data.state} /> },
              { label: words.item, value: data.title },
              { label: words.customer, value: data.customerTitle },
              { label: words.seller, value: data.seller },
              { label: words.reseller, value: data.reseller },
              { label: words.seats, value: <Count of={data.quantity} /> },
              { label: words.term, value: `${data.term} · ${data.frequency}` },
              { label: words.termEnd, value: data.termEnd && <When at={data.termEnd} /> },
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}

function Detail(props: { line: Line }) {
  const styles = useStyles();
  const words = useWords();
  const { line } = props;
  return (
    <>
      <Section title={words.line}>
        <Facts
          items={[
            { label: words.item, value: line.title },
            { label: words.customer, value: line.customerName },
            { label: words.unitPrice, value: <Amount of={line.unitPrice} exact /> },
            {
              label: words.amount,
              value: (
                <strong>
                  <Amount of={line.amount} />
                </strong>
              ),
            },
            ...line.postings.map(posting => ({
              label: words.posting,
              value: (
                <>
                  {words.accounts[posting.debit] ?? posting.debit} / {words.accounts[posting.credit] ?? posting.credit}{' '}
                  · {posting.counterparty} · <Amount of={posting.amount} /> · <When at={posting.day} />
                </>
              ),
            })),
          ]}
        />
      </Section>
      <Section title={words.event} lead={words.eventLead}>
        <Facts
          items={[
            { label: words.what, value: words.charges[line.charge.kind] ?? line.charge.kind },
            { label: words.booked, value: <When at={line.charge.booked} /> },
            {
              label: words.days,
              value: (
                <>
                  <When at={line.charge.from} /> – <When at={line.charge.until} />
                </>
              ),
            },
            { label: words.basis, value: <code className={styles.basis}>{line.charge.basis}</code> },
            { label: words.chargeId, value: <code className={styles.basis}>{line.charge.id}</code> },
          ]}
        />
        <Events subscription={line.subscription.id} />
      </Section>
      <Subscription line={line} />
    </>
  );
}

/** One line of an invoice, down to the event that was charged and the subscription that it happened to. */
export default function LinePage() {
  const texts = useTexts();
  const words = useWords();
  const id = useParam('id');
  const position = useParam('line');
  const line = useQuery(lineQuery(id, /^\d{1,9}$/.test(position) ? Number(position) : -1));
  const invoice = useQuery(invoiceQuery(id));
  return (
    <Page
      title={line.data?.title ?? words.lineOf(position)}
      {...(invoice.data === undefined ? {} : { lead: `${invoice.data.issuer} → ${invoice.data.recipient}` })}
    >
      <Breadcrumb aria-label={words.path}>
        <BreadcrumbItem>
          <Link to="/billing">{texts.screens.billing}</Link>
        </BreadcrumbItem>
        <BreadcrumbDivider />
        <BreadcrumbItem>
          <Link to={`/billing/invoices/${id}`}>{id}</Link>
        </BreadcrumbItem>
        <BreadcrumbDivider />
        <BreadcrumbItem>{words.lineOf(position)}</BreadcrumbItem>
      </Breadcrumb>
      <Loaded query={line} lines={8}>
        {data => (data === null ? <Empty title={words.noLine} /> : <Detail line={data} />)}
      </Loaded>
    </Page>
  );
}
