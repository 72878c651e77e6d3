// Images that go with a message: chosen, pasted or dropped, and read as data URLs.

const KINDS = { "image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP", "image/gif": "GIF" };
export const MOST_BYTES = 5 * 1024 * 1024;
export const MOST_IMAGES = 8;

/** Returns the images among what was pasted or dropped. */
export function filesOf(transfer) {
  return [...(transfer?.files ?? [])];
}

/** Reads files; returns the images and, for each other file, why it is none. */
export async function read(files, { held }) {
  const images = [], wrong = [];
  for (const file of files) {
    if (!KINDS[file.type]) wrong.push(`${named(file)} is no image that models read. Use PNG, JPEG, WebP or GIF.`);
    else if (file.size > MOST_BYTES) wrong.push(`${named(file)} has ${inMegabytes(file.size)} MB. An image may have 5 MB.`);
    else if (!file.size) wrong.push(`${named(file)} is empty.`);
    else if (held + images.length >= MOST_IMAGES) wrong.push(`A message may have ${MOST_IMAGES} images. ${named(file)} was left out.`);
    else images.push({ name: file.name || "image", url: await dataUrl(file) });
  }
  return { images, wrong };
}

const named = (file) => (file.name ? `“${file.name.slice(0, 60)}”` : "This file");
const inMegabytes = (bytes) => (bytes / 1024 / 1024).toFixed(1);

function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reading = new FileReader();
    reading.onload = () => resolve(reading.result);
    reading.onerror = () => reject(reading.error);
    reading.readAsDataURL(file);
  });
}
