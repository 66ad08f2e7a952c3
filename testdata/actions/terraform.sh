# What releases.hashicorp.com would give: the list of versions, and an archive with a program.
set -e
dir=releases/terraform/1.99.0
mkdir -p "$dir"
printf '#!/bin/sh\nprintf "said %%s" "$1"\n' > terraform
chmod +x terraform
python3 - "$dir" <<'END'
import hashlib, json, sys, zipfile
name = 'terraform_1.99.0_linux_amd64.zip'
with zipfile.ZipFile(f'{sys.argv[1]}/{name}', 'w') as out:
    info = zipfile.ZipInfo('terraform')
    info.external_attr = 0o100755 << 16
    info.create_system = 3
    out.writestr(info, open('terraform').read())
sum = hashlib.sha256(open(f'{sys.argv[1]}/{name}', 'rb').read()).hexdigest()
open(f'{sys.argv[1]}/terraform_1.99.0_SHA256SUMS', 'w').write(f'{sum}  {name}\n')
build = {'name': 'terraform', 'version': '1.99.0', 'os': 'linux', 'arch': 'amd64', 'filename': name,
         'url': f'https://releases.hashicorp.com/terraform/1.99.0/{name}'}
release = {'name': 'terraform', 'version': '1.99.0', 'builds': [build],
           'shasums': 'terraform_1.99.0_SHA256SUMS', 'shasums_signature': 'terraform_1.99.0_SHA256SUMS.sig'}
json.dump({'name': 'terraform', 'versions': {'1.99.0': release}}, open('releases/terraform/index.json', 'w'))
json.dump(release, open(f'{sys.argv[1]}/index.json', 'w'))
END
rm terraform
