import { makeStyles, Spinner, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useRouterState } from '@tanstack/react-router';

import { meQuery, serverQuery } from '../api/queries';
import { asTrouble } from '../parts/act';
import { Answer } from '../parts/Answer';
import { SCREENS } from '../screens/ids';
import { screensOf } from '../screens/shown';
import { useSession } from '../session/session';
import { useTexts } from '../texts';
import { Again } from './Again';
import { NotFound } from './places';
import { Shell } from './Shell';
import { SignIn } from './SignIn';

const useStyles = makeStyles({
  middle: { display: 'grid', placeItems: 'center', minHeight: '100dvh', padding: tokens.spacingHorizontalL },
});

/** Everything. The window that asks to sign in again stands beside whatever is shown, and outlives a change of it. */
export function Root() {
  return (
    <>
      <Inside />
      <Again />
    </>
  );
}

/** The way in, or the shell with a screen in it. */
function Inside() {
  const styles = useStyles();
  const texts = useTexts();
  const session = useSession();
  const path = useRouterState({ select: state => state.location.pathname });
  const me = useQuery({ ...meQuery, enabled: session !== null });
  const server = useQuery(serverQuery);
  // Where a sign-in comes back to there is nobody yet.
  if (path === '/signed-in') return <Outlet />;
  if (session === null) return <SignIn />;
  const error = me.error ?? server.error;
  if (error !== null && me.data === undefined) {
    const trouble = asTrouble(error);
    if (trouble?.kind === 'signed-out' || trouble?.kind === 'forbidden') return <SignIn trouble={trouble} />;
    return (
      <main className={styles.middle}>
        <Answer trouble={trouble} onRetry={() => void me.refetch().then(() => server.refetch())} />
      </main>
    );
  }
  if (me.data === undefined || server.data === undefined) {
    return (
      <main className={styles.middle}>
        <Spinner label={texts.parts.loading} />
      </main>
    );
  }
  const screen = SCREENS.find(id => path === `/${id}` || path.startsWith(`/${id}/`));
  const isFor = screen === undefined || screensOf(me.data, server.data.sandbox).includes(screen);
  return <Shell me={me.data}>{isFor ? <Outlet /> : <NotFound />}</Shell>;
}
