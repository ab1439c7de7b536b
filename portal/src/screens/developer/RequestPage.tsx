import { useQuery } from '@tanstack/react-query';

import { Count, Facts, Loaded, Page, Section, useParam, When } from '../../parts';
import { Code } from './Code';
import { curl } from './curl';
import { requestQuery } from './queries';
import { Status } from './Requests';
import { useWords } from './texts';

type Headers = { name: string; value: string }[];
const asLines = (headers: Headers) => headers.map(header => `${header.name}: ${header.value}`).join('\n');

/** One call: what was asked, what was answered, and the same as a line for a shell. */
export default function RequestPage() {
  const words = useWords();
  const request = useQuery(requestQuery(useParam('id')));
  const { data } = request;
  return (
    <Page
      title={data === undefined ? words.call : `${data.method} ${data.path}`}
      back={{ to: '/developer', label: words.views.requests }}
    >
      <Loaded query={request} lines={8}>
        {call => (
          <>
            <Section title={words.call}>
              <Facts
                items={[
                  { label: words.status, value: <Status of={call.status} /> },
                  { label: words.at, value: <When at={call.at} grain="second" /> },
                  {
                    label: words.took,
                    value: (
                      <>
                        <Count of={Math.round(call.took / 100) / 10} /> ms
                      </>
                    ),
                  },
                  { label: words.query, value: call.query },
                  { label: words.user, value: call.user },
                  { label: words.application, value: call.application },
                ]}
              />
              <Code label={words.curl} text={curl(call, window.location.origin)} />
            </Section>
            <Section title={words.asked}>
              {call.headers.length > 0 && <Code label={words.headers} text={asLines(call.headers)} />}
              {call.body.text !== undefined && <Code label={words.body} text={call.body.text} />}
              {call.body.kind === 'left_out' && <span>{words.leftOut}</span>}
            </Section>
            <Section title={words.answered}>
              {call.answer.headers.length > 0 && <Code label={words.headers} text={asLines(call.answer.headers)} />}
              {call.answer.body.text !== undefined && <Code label={words.body} text={call.answer.body.text} />}
              {call.answer.body.kind === 'left_out' && <span>{words.leftOut}</span>}
            </Section>
          </>
        )}
      </Loaded>
    </Page>
  );
}
