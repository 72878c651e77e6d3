// Images that go with a message: chosen, pasted or dropped, and read as data URLs.

/** How the bytes of each kind begin, as Latin-1. */
const KINDS = { "image/png": /^\x89PNG\r\n\x1a\n/, "image/jpeg": /^\xff\xd8\xff/, "image/webp": /^RIFF[^]{4}WEBP/, "image/gif": /^GIF8[79]a/ };
const USE = "Use PNG, JPEG, WebP or GIF.";
export const MOST_BYTES = 5 * 1024 * 1024;
export const MOST_IMAGES = 8;

/** Returns the images among what was pasted or dropped. */
export function filesOf(transfer) {
  return [...(transfer?.files ?? [])];
}

/** Reads files; returns the images and, for each other file, why it is none. */
export async function read(files, { held }) {
  const images = [], wrong = [], beyond = [];
  for (const file of files) {
    const kind = await kindOf(file);
    if (!kind && !KINDS[file.type]) wrong.push(`${named(file)} is no image that models read. ${USE}`);
    else if (file.size > MOST_BYTES) wrong.push(`${named(file)} has ${inMegabytes(file.size)} MB. An image may have 5 MB.`);
    else if (!file.size) wrong.push(`${named(file)} is empty.`);
    else if (held + images.length >= MOST_IMAGES) beyond.push(named(file));
    else if (!kind) wrong.push(`${named(file)} is called an image but holds none. ${USE}`);
    else if (!(await opens(file))) wrong.push(`${named(file)} cannot be opened. It may be damaged.`);
    else images.push({ name: file.name || "image", url: await dataUrl(file.slice(0, file.size, kind)) });
  }
  if (beyond.length) wrong.push(`A message may have ${MOST_IMAGES} images. ${beyond.join(", ")} ${beyond.length > 1 ? "were" : "was"} left out.`);
  return { images, wrong };
}

const named = (file) => (file.name ? `“${file.name.slice(0, 60)}”` : "This file");
const inMegabytes = (bytes) => (bytes / 1024 / 1024).toFixed(1);

/** Returns what a file is by its bytes, whatever it is called: providers look at them, too. */
async function kindOf(file) {
  const begin = String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer()));
  return Object.keys(KINDS).find((kind) => KINDS[kind].test(begin));
}

async function opens(file) {
  try {
    (await createImageBitmap(file)).close();
    return true;
  } catch {
    return false;
  }
}

function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reading = new FileReader();
    reading.onload = () => resolve(reading.result);
    reading.onerror = () => reject(reading.error);
    reading.readAsDataURL(file);
  });
}
