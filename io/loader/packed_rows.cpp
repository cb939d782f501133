#include "io/loader/packed_rows.h"

#include "io/loader/document_spans.h"

namespace switchyard {

PackedCounts pack_split(const TokenStore& store, const std::string& split, RowForm form,
                        const Packer::Emit& emit) {
  std::int64_t num_rows = 0;
  Packer packer(form.length, [&](std::span<const Piece> row) {
    ++num_rows;
    emit(row);
  });
  const DocumentSpans documents(store, split);
  PackedCounts counts;
  for (std::int32_t source = 0; source < std::ssize(store.sources()); ++source) {
    const std::int64_t before = num_rows;
    documents.for_each_of(source, [&](const Piece& document) {
      packer.add_document(document.start, document.length,
                          form.loss_on == LossOn::response ? document.prompt : 0);
    });
    counts.min_rows += packer.min_rows();
    packer.finish();
    counts.source_rows.push_back(num_rows - before);
  }
  return counts;
}

RowsInMemory pack_in_memory(const TokenStore& store, const std::string& split, RowForm form) {
  RowsInMemory rows;
  rows.counts = pack_split(store, split, form, [&](std::span<const Piece> row) {
    rows.pieces.insert(rows.pieces.end(), row.begin(), row.end());
    rows.first_piece.push_back(std::ssize(rows.pieces));
  });
  return rows;
}

}  // namespace switchyard
