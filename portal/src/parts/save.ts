import { fetched } from '../api/client';

/** Fetches a file as whoever is signed in and lets the browser keep it under a name. */
export async function save(path: string, name: string): Promise<void> {
  const file = await (await fetched(path)).blob();
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  URL.revokeObjectURL(address);
}
