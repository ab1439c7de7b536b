import { useQuery } from '@tanstack/react-query';

import { Copy, Decision, Facts, Loaded, Page, Section, StateBadge, useParam, When } from '../../parts';
import { useLang } from '../../texts/lang';
import { ChainDrawing } from './ChainDrawing';
import { keptQuery } from './queries';
import { useWords } from './texts';
import { Trace } from './Trace';

/** One kept decision: why something went through or did not, then. */
export default function KeptPage() {
  const words = useWords();
  const id = useParam('id');
  const kept = useQuery(keptQuery(id, useLang()));
  return (
    <Page title={words.keptOne} lead={words.keptNote} back={{ to: '/deal/decisions', label: words.keptAll }}>
      <Loaded query={kept} lines={8}>
        {one => (
          <>
            <Section title={words.terms}>
              <Facts
                items={[
                  { label: words.at, value: <When at={one.at} grain="second" /> },
                  {
                    label: words.checkpoint,
                    value: words.verbs[one.checkpoint] ?? one.checkpoint.replaceAll('_', ' '),
                  },
                  { label: words.by, value: one.actor },
                  { label: words.user, value: one.user },
                  { label: words.subject, value: one.subject },
                  {
                    label: words.outcome,
                    value: (
                      <StateBadge
                        state={one.allowed ? 'allowed' : 'refused'}
                        label={one.allowed ? words.allowed : words.refused}
                      />
                    ),
                  },
                  {
                    label: words.id,
                    value: (
                      <>
                        <code>{one.id}</code> <Copy text={one.id} label={words.id} />
                      </>
                    ),
                  },
                ]}
              />
            </Section>
            <Section title={words.decision}>
              {one.decision.chain !== undefined && (
                <ChainDrawing chain={one.decision.chain} allowed={one.decision.allowed} />
              )}
              <Decision decision={one.decision} withoutChain />
            </Section>
            {one.decision.trace !== undefined && one.decision.trace.length > 0 && <Trace trace={one.decision.trace} />}
          </>
        )}
      </Loaded>
    </Page>
  );
}
