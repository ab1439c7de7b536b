import {
  Avatar,
  Button,
  makeStyles,
  Popover,
  PopoverSurface,
  PopoverTrigger,
  tokens,
} from '@fluentui/react-components';
import { SignOutRegular } from '@fluentui/react-icons';
import { lazy, Suspense, useState } from 'react';

import { useIsSandbox, type Me } from '../api/queries';
import { Loading } from '../parts/Loading';
import { StateBadge } from '../parts/StateBadge';
import { NARROW } from '../parts/styles';
import { signOut } from '../session/session';
import { useTexts } from '../texts';

// Who only signs out needs no list of everybody.
const People = lazy(() => import('./People').then(({ People }) => ({ default: People })));

/** Heard and not seen. */
const UNSEEN = {
  position: 'absolute',
  width: '1px',
  height: '1px',
  overflow: 'hidden',
  clipPath: 'inset(50%)',
  whiteSpace: 'nowrap',
} as const;

const useStyles = makeStyles({
  picture: { marginInlineEnd: tokens.spacingHorizontalS, [NARROW]: { marginInlineEnd: 0 } },
  button: { paddingInline: tokens.spacingHorizontalS, maxWidth: '20rem', [NARROW]: { minWidth: 'auto' } },
  words: {
    display: 'grid',
    textAlign: 'start',
    lineHeight: tokens.lineHeightBase200,
    minWidth: 0,
    [NARROW]: UNSEEN,
  },
  hidden: UNSEEN,
  name: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', fontWeight: tokens.fontWeightSemibold },
  role: {
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightRegular,
  },
  surface: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalL,
    width: 'min(24rem, calc(100vw - 4rem))',
    maxHeight: 'calc(100dvh - 6rem)',
    overflowY: 'auto',
  },
  head: { display: 'flex', gap: tokens.spacingHorizontalM, alignItems: 'center', minWidth: 0 },
  company: { display: 'grid', minWidth: 0, overflowWrap: 'anywhere', gap: tokens.spacingVerticalXXS },
  heading: { margin: 0, fontSize: tokens.fontSizeBase300, fontWeight: tokens.fontWeightSemibold },
  dim: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
});

/** Who is signed in; on a sandbox, one click makes it somebody else. */
export function Who(props: { me: Me }) {
  const styles = useStyles();
  const texts = useTexts();
  const isSandbox = useIsSandbox();
  const [isOpen, setOpen] = useState(false);
  const { me } = props;
  const role = texts.roles[me.role] ?? me.role;
  return (
    <Popover open={isOpen} onOpenChange={(_, data) => setOpen(data.open)} positioning="below-end" inline size="large">
      <PopoverTrigger disableButtonEnhancement>
        <Button
          appearance="subtle"
          className={styles.button}
          icon={<Avatar name={me.name} size={28} color="colorful" className={styles.picture} aria-hidden />}
        >
          <span className={styles.hidden}>{texts.shell.signedInAs} </span>
          <span className={styles.words}>
            <span className={styles.name}>{me.name}</span> <span className={styles.role}>{role}</span>
          </span>
        </Button>
      </PopoverTrigger>
      <PopoverSurface className={styles.surface} aria-label={`${texts.shell.signedInAs} ${me.name}`}>
        <div className={styles.head}>
          <Avatar name={me.name} size={40} color="colorful" aria-hidden />
          <span className={styles.company}>
            <strong>{me.name}</strong>
            <span className={styles.dim}>
              {role}
              {me.country === undefined ? '' : ` · ${me.country}`}
              {me.partnerId === undefined ? '' : ` · ${me.partnerId}`}
            </span>
            {me.user !== undefined && <span className={styles.dim}>{me.user.signInName}</span>}
            {me.state !== undefined && me.state !== 'active' && (
              <span>
                <StateBadge state={me.state} />
              </span>
            )}
          </span>
        </div>
        <Button icon={<SignOutRegular />} onClick={signOut}>
          {texts.shell.signOut}
        </Button>
        {isSandbox && (
          <>
            <h2 className={styles.heading}>{texts.shell.change}</h2>
            <Suspense fallback={<Loading lines={6} />}>
              <People onChosen={() => setOpen(false)} />
            </Suspense>
          </>
        )}
      </PopoverSurface>
    </Popover>
  );
}
