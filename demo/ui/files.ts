/** Files that people open and save; none leaves the browser. */

export interface Opened {
  readonly text?: string;
  /** Why it was not read, in words. */
  readonly failure?: string;
}

export async function openText(file: File, largest: number): Promise<Opened> {
  if (file.size > largest)
    return {
      failure: `${file.name} has ${megabytes(file.size)}: up to ${megabytes(largest)} are read here.`,
    };
  try {
    return { text: await file.text() };
  } catch (error) {
    return {
      failure: `${file.name} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}
