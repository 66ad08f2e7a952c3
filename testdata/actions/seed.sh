# What the workflow finds: tools/Python/3.10.99/x64, an image python:3.10-slim (both Debian's Python
# of the test image, with this machine's pip), a requirement that needs no network, a Dockerfile.
set -e
pip=$(python3 -c 'import os, pip; print(os.path.dirname(pip.__file__))')
tool=tools/Python/3.10.99/x64
mkdir -p "$tool/bin" "$tool/lib" app
cp -r "$pip" "$tool/lib/pip"
for name in python python3 python3.10; do
	printf '#!/bin/sh\nexec /usr/bin/python3 "$@"\n' > "$tool/bin/$name"
done
printf '#!/bin/sh\nexport PYTHONPATH="${0%%/bin/*}/lib" PIP_BREAK_SYSTEM_PACKAGES=1 PIP_NO_INDEX=1\nexec /usr/bin/python3 -m pip "$@"\n' > "$tool/bin/pip"
chmod +x "$tool"/bin/*
touch "$tool.complete"
python3 - <<'X'
import zipfile
with zipfile.ZipFile('chatbot_requirement-1.0-py3-none-any.whl', 'w') as wheel:
    info = 'chatbot_requirement-1.0.dist-info'
    wheel.writestr('chatbot_requirement.py', 'fine = True\n')
    wheel.writestr(f'{info}/METADATA', 'Metadata-Version: 2.1\nName: chatbot-requirement\nVersion: 1.0\n')
    wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
    wheel.writestr(f'{info}/RECORD', f'chatbot_requirement.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n')
X
echo ./chatbot_requirement-1.0-py3-none-any.whl > requirements.txt
cat > Dockerfile <<'X'
FROM python:3.10-slim
WORKDIR /app
COPY requirements.txt *.whl ./
RUN pip install -r requirements.txt
COPY . .
CMD ["python3", "-m", "app"]
X
printf 'tools/\n' > .gitignore
printf 'tools/\n' > .dockerignore
docker image inspect python:3.10-slim >/dev/null 2>&1 && exit 0
context=$(mktemp -d)
cp -r tools/Python/3.10.99/x64 "$context/python"
printf 'FROM act-c-test:full\nCOPY python /opt/python\nENV PATH=/opt/python/bin:/usr/local/bin:/usr/bin:/bin\n' > "$context/Dockerfile"
docker build -q -t python:3.10-slim "$context" >/dev/null
rm -rf "$context"
