#include "io/checkpoint/checkpoint_file.h"

#include "io/checkpoint/checkpoint_format.h"
#include "io/files/durable.h"
#include "io/files/hash.h"
#include "io/folder/committed_folder.h"
#include "io/folder/hdf5.h"
#include "runtime/error.h"

namespace switchyard {

FileEntry write_checkpoint_file(const std::filesystem::path& path,
                                const std::vector<NamedTensor>& mine, WritePace& pace) {
  Hdf5Writer writer(path, checkpoint_chunk_bytes);
  for (const auto& [name, tensor] : mine) {
    require(tensor.device == Device::cpu(), "'{}' is not on the host", name);
    std::vector<std::int64_t> shape;
    for (int i = 0; i < tensor.shape.num_dims(); ++i) shape.push_back(tensor.dim(i));
    writer.write(name, name_of(tensor.dtype), shape, tensor.data);
    pace.wrote(tensor.bytes());
  }
  return writer.finish([&](const FileEntry& entry) { read_back(path.parent_path(), entry); });
}

FileEntry write_small_file(const std::filesystem::path& folder, const NamedFile& file) {
  durable::remove_tree(folder / file.name);
  durable::NewFile out(folder / file.name);
  out.append(file.bytes);
  out.commit();
  const std::int64_t bytes = std::ssize(file.bytes);
  FileEntry entry{file.name, bytes, content_hash(file.bytes), {}};
  read_back(folder, entry);
  return entry;
}

}  // namespace switchyard
