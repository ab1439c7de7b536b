import { makeStyles, Spinner, tokens } from '@fluentui/react-components';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { finish, SignInFailure } from '../session/session';
import { useTexts } from '../texts';
import { SignIn } from './SignIn';

const useStyles = makeStyles({
  middle: { display: 'grid', placeItems: 'center', minHeight: '100dvh', padding: tokens.spacingHorizontalL },
});

let finishing: Promise<string | null> | null = null;

/** Where the sign-in page leads back to. A code counts once, so it is exchanged once, however often this is drawn. */
export function SignedIn() {
  const styles = useStyles();
  const texts = useTexts();
  const navigate = useNavigate();
  const [failure, setFailure] = useState<SignInFailure | null>(null);
  useEffect(() => {
    finishing ??= finish(new URLSearchParams(window.location.search));
    finishing
      .then(then => {
        finishing = null;
        if (then !== null) return navigate({ href: then, replace: true });
      })
      .catch((error: unknown) => {
        finishing = null;
        setFailure(error instanceof SignInFailure ? error : new SignInFailure('failed', String(error)));
      });
  }, [navigate]);
  if (failure !== null) return <SignIn failure={failure} />;
  return (
    <main className={styles.middle}>
      <Spinner label={texts.signIn.working} />
    </main>
  );
}
