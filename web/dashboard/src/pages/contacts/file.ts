// What a file is, by its first bytes.

export type FileKind = "table" | "workbook" | "old";

/** A ZIP archive is taken for a workbook; what Excel wrote before 2007 cannot be read. */
export async function kindOf(file: Blob): Promise<FileKind> {
  const start = [...new Uint8Array(await file.slice(0, 4).arrayBuffer())].join();
  if (start === "80,75,3,4") return "workbook";
  return start === "208,207,17,224" ? "old" : "table";
}
