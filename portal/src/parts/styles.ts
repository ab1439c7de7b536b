/** Below this width a page is laid out for a phone. */
export const PHONE = '@media (max-width: 640px)';
/** Below this width the navigation is a drawer. */
export const NARROW = '@media (max-width: 900px)';
