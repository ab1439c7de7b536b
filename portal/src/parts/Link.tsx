import { Button, Link as FluentLink, type ButtonProps } from '@fluentui/react-components';
import { useNavigate, useRouter } from '@tanstack/react-router';
import type { MouseEvent, ReactNode } from 'react';

/** Where a path of the portal is, and what a plain click on it does. */
function usePlace(to: string) {
  const router = useRouter();
  const navigate = useNavigate();
  return {
    href: `${router.basepath.replace(/\/$/, '')}${to}`,
    onClick: (event: MouseEvent) => {
      // A click that asks for another tab or window is the browser's.
      if (
        event.defaultPrevented ||
        event.button !== 0 ||
        event.metaKey ||
        event.ctrlKey ||
        event.shiftKey ||
        event.altKey
      )
        return;
      event.preventDefault();
      void navigate({ href: to });
    },
  };
}

/** A link to a place of the portal, as a path from its root: `/rules/TXN-601`. */
export function Link(props: { to: string; children: ReactNode; className?: string; 'aria-current'?: 'page' }) {
  const { to, ...rest } = props;
  return <FluentLink {...usePlace(to)} {...rest} />;
}

/** The same as a button. */
export function ButtonLink(props: {
  to: string;
  children: ReactNode;
  appearance?: ButtonProps['appearance'];
  size?: ButtonProps['size'];
  icon?: ButtonProps['icon'];
}) {
  const { to, children, ...rest } = props;
  return (
    <Button as="a" {...usePlace(to)} {...(rest as object)}>
      {children}
    </Button>
  );
}
