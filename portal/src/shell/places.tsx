import { useQuery } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';

import { serverQuery, useMe } from '../api/queries';
import { Empty } from '../parts/Empty';
import { ButtonLink } from '../parts/Link';
import { screensOf } from '../screens/shown';
import { useTexts } from '../texts';

/** The first screen of whoever is signed in. */
export function Begin() {
  const me = useMe();
  const { data } = useQuery(serverQuery);
  if (data === undefined) return null;
  const first = screensOf(me, data.sandbox)[0] ?? 'rules';
  return <Navigate to={`/${first}`} replace />;
}

/** An address that leads nowhere, or not for this role. */
export function NotFound() {
  const texts = useTexts();
  return (
    <Empty
      title={texts.shell.notFound}
      hint={texts.shell.notFoundHint}
      action={<ButtonLink to="/">{texts.shell.toStart}</ButtonLink>}
    />
  );
}
