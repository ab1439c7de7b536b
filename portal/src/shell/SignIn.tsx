import {
  Button,
  makeStyles,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  Textarea,
  Title2,
  tokens,
} from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';

import { serverQuery } from '../api/queries';
import type { Trouble } from '../api/trouble';
import { asTrouble } from '../parts/act';
import { Answer } from '../parts/Answer';
import { Field } from '../parts/Form';
import { Loading } from '../parts/Loading';
import { PHONE } from '../parts/styles';
import { begin, takeToken, type SignInFailure } from '../session/session';
import { useTexts } from '../texts';
import { LanguageButton, LookButton } from './Choices';
import { Mark } from './Mark';

// There are people to play on a sandbox alone.
const People = lazy(() => import('./People').then(({ People }) => ({ default: People })));

const useStyles = makeStyles({
  page: {
    minHeight: '100dvh',
    display: 'grid',
    gridTemplateRows: 'auto 1fr',
    backgroundColor: tokens.colorNeutralBackground2,
  },
  bar: {
    display: 'flex',
    justifyContent: 'flex-end',
    gap: tokens.spacingHorizontalXS,
    padding: tokens.spacingHorizontalM,
  },
  main: {
    justifySelf: 'center',
    width: '100%',
    maxWidth: '34rem',
    boxSizing: 'border-box',
    padding: `${tokens.spacingVerticalL} ${tokens.spacingHorizontalL} ${tokens.spacingVerticalXXXL}`,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXL,
  },
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalL,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    padding: tokens.spacingHorizontalXXL,
    boxShadow: tokens.shadow8,
    [PHONE]: { padding: tokens.spacingHorizontalL },
  },
  brand: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    color: tokens.colorNeutralForeground2,
    fontWeight: 600,
  },
  title: { margin: 0 },
  lead: { margin: 0, color: tokens.colorNeutralForeground2, lineHeight: tokens.lineHeightBase400 },
  summary: { cursor: 'pointer', color: tokens.colorBrandForegroundLink, padding: `${tokens.spacingVerticalXS} 0` },
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, paddingTop: tokens.spacingVerticalM },
});

function TokenForm() {
  const styles = useStyles();
  const texts = useTexts();
  const [token, setToken] = useState('');
  return (
    <form
      className={styles.form}
      onSubmit={event => {
        event.preventDefault();
        if (token.trim() !== '') takeToken(token.trim());
      }}
    >
      <Field label={texts.signIn.tokenLabel} rule={texts.signIn.tokenRule}>
        <Textarea value={token} onChange={(_, data) => setToken(data.value)} rows={3} spellCheck={false} />
      </Field>
      <Button type="submit">{texts.signIn.tokenUse}</Button>
    </form>
  );
}

/** The way in: the server's sign-in page, a click on a sandbox, or a token. */
export function SignIn(props: { failure?: SignInFailure; trouble?: Trouble | null }) {
  const styles = useStyles();
  const texts = useTexts();
  const server = useQuery(serverQuery);
  const { failure } = props;
  useEffect(() => {
    document.title = `${texts.signIn.title} · ${texts.name}`;
  }, [texts]);
  const go = () => {
    const path = window.location.pathname.replace(/^\/portal/, '');
    void begin(path.startsWith('/signed-in') || path === '' ? '/' : `${path}${window.location.search}`);
  };
  const issuer = server.data?.issuer;
  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <LanguageButton />
        <LookButton />
      </div>
      <main className={styles.main}>
        <div className={styles.card}>
          <span className={styles.brand}>
            <Mark /> {texts.name}
          </span>
          <Title2 as="h1" className={styles.title}>
            {texts.signIn.title}
          </Title2>
          <p className={styles.lead}>{texts.signIn.lead}</p>
          {failure !== undefined && (
            <MessageBar intent={failure.kind === 'failed' ? 'error' : 'info'} layout="multiline" role="alert">
              <MessageBarBody>
                {failure.kind === 'failed' && <MessageBarTitle>{texts.signIn.failed}</MessageBarTitle>}
                {failure.kind === 'failed' ? failure.message : texts.signIn[failure.kind]}
              </MessageBarBody>
            </MessageBar>
          )}
          <Answer trouble={props.trouble ?? asTrouble(server.error)} onRetry={() => void server.refetch()} />
          {issuer === undefined ? (
            <Button appearance="primary" size="large" onClick={go}>
              {texts.signIn.go}
            </Button>
          ) : (
            <p className={styles.lead}>{texts.signIn.issuer(issuer)}</p>
          )}
          <details open={issuer !== undefined}>
            <summary className={styles.summary}>{texts.signIn.token}</summary>
            <TokenForm />
          </details>
        </div>
        {server.data?.sandbox === true && (
          <section className={styles.card} aria-labelledby="sandbox">
            <Title2 as="h2" id="sandbox" className={styles.title}>
              {texts.signIn.sandbox}
            </Title2>
            <p className={styles.lead}>{texts.signIn.sandboxLead}</p>
            <Suspense fallback={<Loading lines={6} />}>
              <People />
            </Suspense>
          </section>
        )}
      </main>
    </div>
  );
}
