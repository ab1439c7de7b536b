import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import { Answer, Count, Facts, Loaded, Page, Section, StateBadge, useAct, useParam, When } from '../../parts';
import { useTexts } from '../../texts';
import { deliveryQuery } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  tries: { margin: 0, paddingInlineStart: tokens.spacingHorizontalXL, display: 'grid', gap: tokens.spacingVerticalS },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
});

/** One event on its way: every attempt, and sending it once more. */
export default function DeliveryPage() {
  const styles = useStyles();
  const texts = useTexts();
  const words = useWords();
  const id = useParam('id');
  const delivery = useQuery(deliveryQuery(id));
  const replay = useAct((_: null, request) =>
    got(
      api.POST('/program/v1/webhooks/deliveries/{id}/replay', {
        params: { path: { id } },
        headers: { 'MS-RequestId': request },
      }),
    ),
  );
  return (
    <Page
      title={delivery.data?.event ?? words.event}
      back={{ to: '/developer?view=deliveries', label: words.views.deliveries }}
      actions={
        <Button appearance="primary" disabledFocusable={replay.busy} onClick={() => void replay.run(null)}>
          {words.replay}
        </Button>
      }
    >
      <Answer trouble={replay.trouble} onRetry={replay.again} />
      <Loaded query={delivery} lines={6}>
        {data => (
          <>
            <Section title={words.delivery}>
              <Facts
                items={[
                  { label: words.state, value: <StateBadge state={data.state} /> },
                  { label: words.happened, value: <When at={data.happened} grain="second" /> },
                  { label: words.at, value: <When at={data.created} grain="second" /> },
                  { label: words.due, value: data.due && <When at={data.due} grain="second" /> },
                  { label: words.ended, value: data.ended && <When at={data.ended} grain="second" /> },
                  { label: words.attempts, value: <Count of={data.attempts} /> },
                  { label: words.goesTo, value: <code className={styles.code}>{data.url}</code> },
                  {
                    label: words.resource,
                    value: data.resource && <code className={styles.code}>{data.resource}</code>,
                  },
                  { label: 'MS-RequestId', value: <code className={styles.code}>{data.id}</code> },
                ]}
              />
            </Section>
            <Section title={words.tries}>
              {(data.tries ?? []).length === 0 ? (
                <span>{texts.parts.empty}</span>
              ) : (
                <ol className={styles.tries}>
                  {data.tries?.map(one => (
                    <li key={one.number}>
                      <When at={one.at} grain="second" /> · {one.code} {one.message}
                    </li>
                  ))}
                </ol>
              )}
            </Section>
          </>
        )}
      </Loaded>
    </Page>
  );
}
