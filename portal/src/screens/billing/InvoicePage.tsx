import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { ArrowDownloadRegular, DocumentPdfRegular } from '@fluentui/react-icons';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import {
  Amount,
  Answer,
  asTrouble,
  DataTable,
  Facts,
  Link,
  Loaded,
  Page,
  PHONE,
  save,
  Section,
  StateBadge,
  useAct,
  useGo,
  useParam,
  When,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { Export } from './Export';
import { invoiceQuery, linesQuery, type Line } from './queries';
import { useMonth, useWords } from './texts';

const useStyles = makeStyles({
  both: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    alignItems: 'start',
    columnGap: tokens.spacingHorizontalXXL,
    [PHONE]: { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
});

/** The lines of an invoice: each leads on to what was charged. */
function Lines(props: { id: string }) {
  const texts = useTexts();
  const words = useWords();
  const go = useGo();
  const lines = useInfiniteQuery(linesQuery(props.id));
  const rows = useMemo(() => lines.data?.pages.flatMap(page => page.items) ?? [], [lines.data]);
  const columns = useMemo<Column<Line>[]>(
    () => [
      {
        id: 'title',
        label: words.item,
        width: 'minmax(10rem, 1fr)',
        sort: line => line.title,
        cell: line => <Link to={`/billing/invoices/${props.id}/${line.position}`}>{line.title}</Link>,
      },
      {
        id: 'customer',
        label: words.customer,
        width: 'minmax(11rem, 1.2fr)',
        sort: line => line.customerName,
        cell: line => line.customerName,
      },
      {
        id: 'kind',
        label: words.event,
        width: 'minmax(9rem, 0.8fr)',
        sort: line => line.charge.kind,
        cell: line => words.charges[line.charge.kind] ?? line.charge.kind,
      },
      {
        id: 'days',
        label: words.days,
        width: '14rem',
        wideOnly: true,
        cell: line => (
          <>
            <When at={line.charge.from} /> – <When at={line.charge.until} />
          </>
        ),
      },
      { id: 'amount', label: words.amount, width: '8rem', end: true, cell: line => <Amount of={line.amount} /> },
    ],
    [words, props.id],
  );
  return (
    <Section title={words.lines} lead={words.linesLead} bare>
      {lines.error !== null && lines.data === undefined ? (
        <Answer trouble={asTrouble(lines.error)} onRetry={() => void lines.refetch()} />
      ) : (
        <>
          <DataTable
            name={words.lines}
            rows={rows}
            columns={columns}
            rowKey={line => String(line.position)}
            onOpen={line => go(`/billing/invoices/${props.id}/${line.position}`)}
          />
          {lines.hasNextPage && (
            <div>
              <Button disabledFocusable={lines.isFetchingNextPage} onClick={() => void lines.fetchNextPage()}>
                {texts.parts.more}
              </Button>
            </div>
          )}
        </>
      )}
    </Section>
  );
}

/** One invoice: what it comes to, on paper and as files, and its lines. */
export default function InvoicePage() {
  const styles = useStyles();
  const words = useWords();
  const monthName = useMonth();
  const id = useParam('id');
  const invoice = useQuery(invoiceQuery(id));
  const download = useAct(async (file: 'document' | 'lines.csv') => {
    await save(
      `/program/v1/invoices/${encodeURIComponent(id)}/${file}`,
      file === 'document' ? `${id}.pdf` : `${id}.csv`,
    );
    return true;
  });
  return (
    <Page
      title={id}
      back={{ to: '/billing', label: words.all }}
      actions={
        <>
          <Button
            icon={<DocumentPdfRegular />}
            disabledFocusable={download.busy}
            onClick={() => void download.run('document')}
          >
            {words.pdf}
          </Button>
          <Button
            icon={<ArrowDownloadRegular />}
            disabledFocusable={download.busy}
            onClick={() => void download.run('lines.csv')}
          >
            {words.csv}
          </Button>
        </>
      }
    >
      <Answer trouble={download.trouble} onRetry={download.again} />
      <Loaded query={invoice} lines={8}>
        {data => (
          <>
            <Section title={words.about}>
              <div className={styles.both}>
                <Facts
                  items={[
                    { label: words.state, value: <StateBadge state={data.state} /> },
                    { label: words.document, value: words.documents[data.document] ?? data.document },
                    { label: words.from, value: data.issuer },
                    { label: words.to, value: data.recipient },
                    { label: words.agent, value: data.agent },
                    { label: words.month, value: monthName(data.month) },
                    { label: words.kind, value: words.kinds[data.kind] ?? data.kind },
                    { label: words.issued, value: data.issued && <When at={data.issued} /> },
                    { label: words.due, value: <When at={data.due} /> },
                  ]}
                />
                <Facts
                  items={[
                    { label: words.net, value: <Amount of={data.net} /> },
                    { label: words.tax, value: <Amount of={data.tax} /> },
                    {
                      label: words.amount,
                      value: (
                        <strong>
                          <Amount of={data.amount} />
                        </strong>
                      ),
                    },
                    { label: words.paid, value: <Amount of={data.paid} /> },
                    { label: words.open, value: <Amount of={data.open} /> },
                  ]}
                />
              </div>
            </Section>
            <Lines id={id} />
            <Export id={id} lines={data.lines} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
