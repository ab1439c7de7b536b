import { Button, makeStyles, ProgressBar, tokens } from '@fluentui/react-components';
import { ArrowDownloadRegular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, got } from '../../api/client';
import { Amount, Answer, asTrouble, Copy, save, Section, StateBadge, useAct, When } from '../../parts';
import { count } from '../../parts/money';
import { localeOf, useLang } from '../../texts/lang';
import { exportQuery } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'center' },
  dim: { color: tokens.colorNeutralForeground2 },
  files: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalS },
  digest: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
});

/** The lines as files for reconciliation: asked for, made by a worker, fetched when they are there. */
export function Export(props: { id: string; lines: number }) {
  const styles = useStyles();
  const words = useWords();
  const locale = localeOf(useLang());
  const [operation, setOperation] = useState<string | null>(null);
  const ask = useAct(() => got(api.POST('/program/v1/invoices/{id}/export', { params: { path: { id: props.id } } })));
  const made = useQuery(exportQuery(operation));
  const fetch = useAct(async (file: { path: string; name: string }) => {
    await save(file.path, file.name);
    return true;
  });
  const begin = async () => {
    const asked = await ask.run(null);
    if (asked !== undefined) setOperation(asked.id);
  };
  const { data } = made;
  const manifest = data?.manifest;
  const isUnderWay = operation !== null && data?.state !== 'succeeded' && data?.state !== 'failed';
  const share = props.lines === 0 ? 0 : (data?.lines ?? 0) / props.lines;
  return (
    <Section
      title={words.files}
      lead={words.filesLead}
      actions={
        <Button disabledFocusable={ask.busy || isUnderWay} onClick={() => void begin()}>
          {words.makeFiles}
        </Button>
      }
    >
      <Answer trouble={ask.trouble} onRetry={() => void begin()} />
      <Answer trouble={asTrouble(made.error)} onRetry={() => void made.refetch()} />
      {operation !== null && (
        <div data-export={data?.state ?? 'notstarted'} role="status" className={styles.line}>
          <StateBadge state={data?.state ?? 'notstarted'} />
          <span>{words.written(count(data?.lines ?? 0, locale), count(props.lines, locale))}</span>
          {data?.sums.map(sum => (
            <strong key={sum}>
              <Amount of={sum} />
            </strong>
          ))}
          {data?.problem !== undefined && <span>{data.problem}</span>}
        </div>
      )}
      {operation !== null && (
        <ProgressBar
          aria-label={words.files}
          value={data?.state === 'succeeded' ? 1 : share}
          {...(data?.state === 'failed' ? { color: 'error' as const } : {})}
        />
      )}
      {manifest !== undefined && (
        <>
          <ul className={styles.files}>
            {manifest.blobs.map(blob => {
              const path = `${new URL(manifest.rootFolder).pathname}/${blob.name}?${manifest.rootFolderSAS}`;
              return (
                <li key={blob.name} className={styles.line}>
                  <Button
                    icon={<ArrowDownloadRegular />}
                    size="small"
                    disabledFocusable={fetch.busy}
                    onClick={() => void fetch.run({ path, name: `${props.id}-${blob.name}` })}
                  >
                    {blob.name}
                  </Button>
                  <span className={styles.dim}>
                    {words.fileOf(count(blob.lineCount, locale), count(blob.sizeInBytes, locale))}
                  </span>
                  <span className={styles.digest}>SHA-256 {blob.sha256.slice(0, 12)}…</span>
                  <Copy text={blob.sha256} label="SHA-256" />
                </li>
              );
            })}
          </ul>
          <span className={styles.dim}>
            {words.filesUntil}: <When at={manifest.expiresDateTime} />
          </span>
        </>
      )}
      <Answer trouble={fetch.trouble} onRetry={fetch.again} />
    </Section>
  );
}
