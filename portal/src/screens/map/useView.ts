import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
} from 'react';

/** Where the window onto the map stands: a point of the map at its corner is moved by `x`, `y` pixels and scaled by `k`. */
export interface View {
  x: number;
  y: number;
  k: number;
}

const SMALLEST = 0.04;
const LARGEST = 3;
const STEP = 60;
/** At the beginning names can be read, whatever does not fit then; where there is little room they are small. */
const READABLE = 0.7;
const SMALL = 0.6;
const NARROW_PX = 480;

/** Where a side of the map begins, so that a point of it stands in the middle and no room is left empty. */
const begun = (room: number, all: number, point: number): number =>
  all <= room ? (room - all) / 2 : Math.min(0, Math.max(room - all, room / 2 - point));

/** Moving and zooming by wheel, fingers and keys. */
/** `focus` is what stands in the middle at the beginning, as far as the map has something on all sides of it. */
export function useView(width: number, height: number, focus: { x: number; y: number }) {
  const frame = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ w: 0, h: 0 });
  const [view, setView] = useState<View | null>(null);
  const fingers = useRef(new Map<number, { x: number; y: number }>());
  const moved = useRef(0);

  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => setSize({ w: element.clientWidth, h: element.clientHeight }));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);

  const k = Math.max(SMALLEST, Math.min(1, size.w / width, size.h / height));
  const fit: View = { x: Math.max(0, (size.w - width * k) / 2), y: Math.max(0, (size.h - height * k) / 2), k };
  const near = Math.max(size.w < NARROW_PX ? SMALL : READABLE, Math.min(1, size.w / width));
  const shown = view ?? {
    k: near,
    x: begun(size.w, width * near, focus.x * near),
    y: height * near <= size.h ? 0 : begun(size.h, height * near, focus.y * near),
  };
  const now = useRef(shown);
  useLayoutEffect(() => {
    now.current = shown;
  });

  const zoom = useCallback((by: number, x: number, y: number) => {
    const old = now.current;
    const k = Math.max(SMALLEST, Math.min(LARGEST, old.k * by));
    const next = { k, x: x - ((x - old.x) * k) / old.k, y: y - ((y - old.y) * k) / old.k };
    now.current = next;
    setView(next);
  }, []);
  const move = useCallback((x: number, y: number) => {
    const next = { ...now.current, x: now.current.x + x, y: now.current.y + y };
    now.current = next;
    setView(next);
  }, []);

  // A wheel that zooms must not scroll the page as well, which only a listener that is not passive can say.
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 500), event.clientX - box.left, event.clientY - box.top);
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [zoom]);

  const onPointerDown = (event: PointerEvent) => {
    fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.current.size === 1) moved.current = 0;
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const old = fingers.current.get(event.pointerId);
    if (old === undefined) return;
    const at = { x: event.clientX, y: event.clientY };
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    moved.current += Math.abs(at.x - old.x) + Math.abs(at.y - old.y);
    // A click on a box stays a click; only what is dragged belongs to the map.
    if (moved.current > 4 && !event.currentTarget.hasPointerCapture(event.pointerId)) {
      event.currentTarget.setPointerCapture(event.pointerId);
    }
    if (other === undefined) move(at.x - old.x, at.y - old.y);
    else {
      const box = event.currentTarget.getBoundingClientRect();
      const far = Math.hypot(at.x - other.x, at.y - other.y);
      const before = Math.hypot(old.x - other.x, old.y - other.y);
      if (before > 0) zoom(far / before, (at.x + other.x) / 2 - box.left, (at.y + other.y) / 2 - box.top);
    }
    fingers.current.set(event.pointerId, at);
  };
  const onPointerUp = (event: PointerEvent) => void fingers.current.delete(event.pointerId);
  const centre = (by: number) => zoom(by, size.w / 2, size.h / 2);
  const onKeyDown = (event: KeyboardEvent) => {
    const deeds: Record<string, () => void> = {
      ArrowLeft: () => move(STEP, 0),
      ArrowRight: () => move(-STEP, 0),
      ArrowUp: () => move(0, STEP),
      ArrowDown: () => move(0, -STEP),
      '+': () => centre(1.25),
      '=': () => centre(1.25),
      '-': () => centre(0.8),
      '0': () => setView(fit),
    };
    const deed = deeds[event.key];
    if (deed === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    deed();
  };
  return {
    frame,
    size,
    view: shown,
    zoom: centre,
    whole: () => setView(fit),
    handlers: { onPointerDown, onPointerMove, onPointerUp, onPointerCancel: onPointerUp, onKeyDown },
  };
}
