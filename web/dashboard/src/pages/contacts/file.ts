// What a file is, by its first bytes.

/** A workbook of a spreadsheet program and not a table of text: a ZIP archive, or what Excel wrote before 2007. */
export async function isWorkbook(file: Blob): Promise<boolean> {
  const start = [...new Uint8Array(await file.slice(0, 4).arrayBuffer())].join();
  return start === "80,75,3,4" || start === "208,207,17,224";
}
