import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useRouterState } from '@tanstack/react-router';

import { useIsSandbox, type Me } from '../api/queries';
import { Link } from '../parts/Link';
import { screensOf } from '../screens/shown';
import { useTexts } from '../texts';
import { ICONS } from './icons';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: '2px' },
  place: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`,
    borderRadius: tokens.borderRadiusLarge,
    color: tokens.colorNeutralForeground1,
    fontSize: tokens.fontSizeBase300,
    lineHeight: tokens.lineHeightBase400,
    '&:hover': {
      backgroundColor: tokens.colorSubtleBackgroundHover,
      textDecorationLine: 'none',
      color: tokens.colorNeutralForeground1,
    },
  },
  here: {
    backgroundColor: tokens.colorSubtleBackgroundSelected,
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorBrandForeground1,
    '&:hover': { color: tokens.colorBrandForeground1 },
  },
  icon: { fontSize: '20px', flexShrink: 0 },
});

/** The screens of whoever is signed in. */
export function Navigation(props: { me: Me }) {
  const styles = useStyles();
  const texts = useTexts();
  const isSandbox = useIsSandbox();
  const path = useRouterState({ select: state => state.location.pathname });
  return (
    <nav aria-label={texts.shell.navigation}>
      <ul className={styles.list}>
        {screensOf(props.me, isSandbox).map(id => {
          const Icon = ICONS[id];
          const isHere = path === `/${id}` || path.startsWith(`/${id}/`);
          return (
            <li key={id}>
              <Link
                to={`/${id}`}
                className={mergeClasses(styles.place, isHere && styles.here)}
                {...(isHere ? { 'aria-current': 'page' as const } : {})}
              >
                <Icon className={styles.icon} aria-hidden />
                {texts.screens[id]}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
