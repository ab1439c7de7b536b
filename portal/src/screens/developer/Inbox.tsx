import {
  Accordion,
  AccordionHeader,
  AccordionItem,
  AccordionPanel,
  Badge,
  Button,
  makeStyles,
  MessageBar,
  MessageBarBody,
  tokens,
} from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import { Answer, Copy, Empty, Facts, Loaded, Section, useAct, When } from '../../parts';
import { Code } from './Code';
import { eventsQuery, inboxQuery, registrationQuery } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center', minWidth: 0 },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
  panel: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingVerticalM,
    paddingBlock: tokens.spacingVerticalM,
  },
});

/** Where events go, and sending one to see whether it arrives. */
function Registered(props: { address: string }) {
  const styles = useStyles();
  const words = useWords();
  const registration = useQuery(registrationQuery);
  const events = useQuery(eventsQuery);
  const register = useAct((isNew: boolean, id) => {
    const body = { WebhookUrl: props.address, WebhookEvents: events.data ?? ['test-created'] };
    const headers = { 'MS-RequestId': id };
    return isNew
      ? got(api.POST('/webhooks/v1/registration', { body, headers }))
      : got(api.PUT('/webhooks/v1/registration', { body, headers }));
  });
  const trigger = useAct((_: null, id) =>
    got(api.POST('/webhooks/v1/registration/validationEvents', { headers: { 'MS-RequestId': id } })),
  );
  return (
    <Loaded query={registration} lines={3}>
      {data => {
        const isHere = data?.WebhookUrl === props.address;
        return (
          <>
            <Facts
              items={[
                {
                  label: words.goesTo,
                  value: data === null ? words.nowhere : <code className={styles.code}>{data.WebhookUrl}</code>,
                },
                {
                  label: words.inboxAddress,
                  value: (
                    <span className={styles.line}>
                      <code className={styles.code}>{props.address}</code>
                      <Copy text={props.address} label={words.inboxAddress} />
                    </span>
                  ),
                },
                { label: words.events, value: data?.WebhookEvents.join(', ') },
              ]}
            />
            <div className={styles.line}>
              {!isHere && (
                <Button
                  appearance="primary"
                  disabledFocusable={register.busy || events.isPending}
                  onClick={() => void register.run(data === null)}
                >
                  {words.registerInbox}
                </Button>
              )}
              <Button disabled={data === null} disabledFocusable={trigger.busy} onClick={() => void trigger.run(null)}>
                {words.trigger}
              </Button>
            </div>
            {!isHere && (
              <MessageBar layout="multiline">
                <MessageBarBody>{words.notHere}</MessageBarBody>
              </MessageBar>
            )}
            <Answer trouble={register.trouble ?? trigger.trouble} />
          </>
        );
      }}
    </Loaded>
  );
}

/** The sandbox's own receiver: each delivery as it arrived, with its signature. */
export function Inbox() {
  const styles = useStyles();
  const words = useWords();
  const inbox = useQuery(inboxQuery);
  return (
    <Loaded query={inbox} lines={6}>
      {({ address, items }) => (
        <>
          <Section title={words.registration} lead={words.inboxLead}>
            <Registered address={address} />
          </Section>
          <Section title={words.heard}>
            {items.length === 0 ? (
              <Empty title={words.nothingHeard} hint={words.nothingHeardHint} />
            ) : (
              <Accordion collapsible multiple>
                {items.map(item => (
                  <AccordionItem key={`${item.delivery} ${item.at}`} value={`${item.delivery} ${item.at}`}>
                    <AccordionHeader>
                      <span className={styles.line} data-heard={item.event}>
                        <strong>{item.event}</strong>
                        <When at={item.at} grain="second" />
                        <Badge appearance="tint" color={item.genuine ? 'success' : 'danger'} shape="rounded">
                          {item.genuine ? words.genuine : words.forged}
                        </Badge>
                      </span>
                    </AccordionHeader>
                    <AccordionPanel className={styles.panel}>
                      <Code label={words.body} text={item.body} />
                      <Code
                        label={words.headers}
                        text={item.headers.map(header => `${header.name}: ${header.value}`).join('\n')}
                      />
                    </AccordionPanel>
                  </AccordionItem>
                ))}
              </Accordion>
            )}
          </Section>
        </>
      )}
    </Loaded>
  );
}
