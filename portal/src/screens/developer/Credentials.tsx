import {
  Button,
  Checkbox,
  Input,
  makeStyles,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  Textarea,
  tokens,
} from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, got } from '../../api/client';
import { Confirm, Copy, Empty, Facts, Field, Form, Loaded, Section, useAct, useDraft, When } from '../../parts';
import { applicationsQuery, type Application } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalL },
  line: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalS,
    alignItems: 'center',
    justifyContent: 'space-between',
  },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
  app: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingVerticalS,
    paddingBottom: tokens.spacingVerticalL,
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke3}`,
  },
});

/** A secret that has just been made: it is shown here and never again. */
function Secret(props: { name: string; secret: string }) {
  const styles = useStyles();
  const words = useWords();
  return (
    <MessageBar intent="warning" layout="multiline" data-secret>
      <MessageBarBody>
        <MessageBarTitle>{words.secretOf(props.name)}</MessageBarTitle>
        {words.once}
        <br />
        <code className={styles.code}>{props.secret}</code> <Copy text={props.secret} label={words.secret} />
      </MessageBarBody>
    </MessageBar>
  );
}

/** Hours that the secrets before stay good after a new one. */
const KEEP_HOURS = 24;

function NewSecret(props: { of: Application; onClose: () => void; onMade: (secret: string) => void }) {
  const words = useWords();
  const [keep, setKeep] = useState(true);
  const act = useAct((keepHours: number, id) =>
    got(
      api.POST('/program/v1/applications/{id}/secrets', {
        params: { path: { id: props.of.clientId } },
        body: { keepHours },
        headers: { 'MS-RequestId': id },
      }),
    ),
  );
  return (
    <Confirm
      open
      title={words.newSecretTitle(props.of.name)}
      confirm={words.newSecret}
      act={act}
      input={keep ? KEEP_HOURS : 0}
      onClose={props.onClose}
      onDone={made => {
        if (made.clientSecret !== undefined) props.onMade(made.clientSecret);
        props.onClose();
      }}
    >
      <span>{words.newSecretAbout}</span>
      <Checkbox label={words.keepOld} checked={keep} onChange={(_, data) => setKeep(data.checked === true)} />
    </Confirm>
  );
}

function Register(props: { onMade: (name: string, secret: string) => void }) {
  const words = useWords();
  const [draft, change, forget] = useDraft('application', { name: '', uris: '', isPublic: false });
  const act = useAct((_: typeof draft, id) =>
    got(
      api.POST('/program/v1/applications', {
        body: {
          name: draft.name,
          public: draft.isPublic,
          redirectUris: draft.uris.split(/\s+/).filter(uri => uri !== ''),
        },
        headers: { 'MS-RequestId': id },
      }),
    ),
  );
  const submit = async () => {
    const made = await act.run(draft);
    if (made === undefined) return;
    forget();
    if (made.clientSecret !== undefined) props.onMade(made.name, made.clientSecret);
  };
  return (
    <Section title={words.registerApp} lead={words.registerAppLead}>
      <Form
        submit={words.register}
        busy={act.busy}
        trouble={act.trouble}
        onSubmit={() => void submit()}
        disabled={draft.name.trim() === ''}
      >
        <Field label={words.name} rule={words.nameRule} name="name" trouble={act.trouble} required>
          <Input value={draft.name} onChange={(_, data) => change({ name: data.value })} />
        </Field>
        <Field label={words.redirects} rule={words.redirectsRule} name="redirectUris" trouble={act.trouble}>
          <Textarea rows={3} value={draft.uris} onChange={(_, data) => change({ uris: data.value })} />
        </Field>
        <Checkbox
          label={words.publicApp}
          checked={draft.isPublic}
          onChange={(_, data) => change({ isPublic: data.checked === true })}
        />
      </Form>
    </Section>
  );
}

/** The applications of the tenant and their secrets. */
export function Credentials() {
  const styles = useStyles();
  const words = useWords();
  const applications = useQuery(applicationsQuery);
  const [renewed, setRenewed] = useState<Application | null>(null);
  const [made, setMade] = useState<{ name: string; secret: string } | null>(null);
  return (
    <>
      {made !== null && <Secret {...made} />}
      <Section title={words.applications} lead={words.applicationsLead}>
        <Loaded query={applications}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={words.noApplications} />
            ) : (
              <ul className={styles.list}>
                {items.map(app => (
                  <li key={app.clientId} className={styles.app} data-application={app.name}>
                    <div className={styles.line}>
                      <strong>{app.name}</strong>
                      <Button size="small" onClick={() => setRenewed(app)}>
                        {words.newSecret}
                      </Button>
                    </div>
                    <Facts
                      items={[
                        {
                          label: words.clientId,
                          value: (
                            <>
                              <code className={styles.code}>{app.clientId}</code>{' '}
                              <Copy text={app.clientId} label={words.clientId} />
                            </>
                          ),
                        },
                        { label: words.created, value: <When at={app.created} /> },
                        { label: words.redirects, value: app.redirectUris.join(', ') },
                        {
                          label: words.secrets,
                          value: app.secrets.map(secret => (
                            <div key={`${secret.hint} ${secret.created}`}>
                              <code className={styles.code}>…{secret.hint}</code> · <When at={secret.created} />
                            </div>
                          )),
                        },
                      ]}
                    />
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </Section>
      <Register onMade={(name, secret) => setMade({ name, secret })} />
      {renewed !== null && (
        <NewSecret
          of={renewed}
          onClose={() => setRenewed(null)}
          onMade={secret => setMade({ name: renewed.name, secret })}
        />
      )}
    </>
  );
}
